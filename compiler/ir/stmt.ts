/** The statements of a kernel, and a kernel as a whole: what targets print or run. */
import type { Grid } from "../../contract/program.ts";
import type { Axis } from "./expr.ts";
import type { Memory, Value, Variable } from "./value.ts";

export type Stmt =
  /** A `var` may be assigned to. */
  | { readonly kind: "let" | "var"; readonly variable: Variable; readonly value: Value }
  | { readonly kind: "assign"; readonly to: Variable; readonly op: "=" | "+="; readonly value: Value }
  /** A thread's own array, filled. */
  | { readonly kind: "array"; readonly array: Memory; readonly values: readonly Value[] }
  | { readonly kind: "store"; readonly to: Memory; readonly at: Value; readonly value: Value }
  | {
      readonly kind: "for";
      readonly variable: Variable;
      readonly start: Value;
      /** The variable stays below it. */
      readonly end: Value;
      readonly step: number;
      /** Whether the driver must not see how often it runs: it may write short loops out once more. */
      readonly opaque: boolean;
      readonly body: readonly Stmt[];
    }
  | {
      readonly kind: "if";
      readonly condition: Value;
      readonly body: readonly Stmt[];
      readonly otherwise?: readonly Stmt[];
    }
  /** All threads of the workgroup meet: what they wrote to workgroup memory is there. */
  | { readonly kind: "barrier" }
  | { readonly kind: "return" }
  /** From here on in this scope an axis is a value. Passes know it, targets do not. */
  | { readonly kind: "bind"; readonly axis: Axis; readonly value: Value }
  /** The threads of a quad fetch for each other what these values read. Passes know it, targets do not. */
  | { readonly kind: "share"; readonly values: readonly Value[] };

/** A kernel as targets get it. */
export interface KernelModule {
  /** Bound buffers, in order. */
  readonly bindings: readonly Memory[];
  /** Arrays of the workgroup. */
  readonly shared: readonly Memory[];
  readonly workgroup: number;
  readonly body: readonly Stmt[];
  /** In threads. */
  readonly grid: Grid;
  /** Bytes before and behind an array at which a target that keeps no access within it may fetch; what is there is dropped. */
  readonly overhang: number;
}
