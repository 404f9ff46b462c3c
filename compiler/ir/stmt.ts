/** The statements of one kernel's body. Expressions are WGSL text: by now every decision has been taken. */
export type Stmt =
  | { readonly kind: "let" | "var"; readonly name: string; readonly value: string }
  | { readonly kind: "assign"; readonly target: string; readonly op: "=" | "+="; readonly value: string }
  | {
      readonly kind: "for";
      readonly name: string;
      /** Default: 0. */
      readonly start?: string;
      /** A number where the driver could know it, unless the loop hides it. */
      readonly end: string | number;
      /** Whether it hides how often it runs, whatever the schedule says of loops. */
      readonly opaque?: boolean;
      readonly step: number;
      readonly body: readonly Stmt[];
    }
  /** All threads of the workgroup meet: what they wrote to workgroup memory is there. */
  | { readonly kind: "barrier" }
  | { readonly kind: "if"; readonly condition: string; readonly body: readonly Stmt[] };
