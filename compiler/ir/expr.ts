/**
 * Index expressions: the meaning of an op, as a scalar at one output position.
 *
 *   conv2d   y[n,o,h,w] = b[o] + Σ_{c,u,v} x[n, c, h·s + u·d − p, w·s + v·d − p] · k[o,c,u,v]
 *
 * Indices are affine in the axes, plus floor division and remainder by constants (reshapes, groups).
 *
 * Indices, atoms and expressions are interned: equal ones are one object, so equality is `===` and they are keys of
 * maps by themselves (hash consing; Filliâtre & Conchon, "Type-safe modular hash-consing", 2006). Build them with
 * math/affine.ts and math/build.ts, never by hand. `id` tells them apart within one process, and is never printed.
 */
import type { Node } from "./graph.ts";
import type { Dim } from "./type.ts";

/** A loop variable that runs over 0 … extent − 1. Every one is made once and is itself alone, whatever its name. */
export interface Axis {
  readonly kind: "axis";
  readonly id: number;
  /** What it counts, for printing: `n`, `c`, `h`, `kw`. */
  readonly name: string;
  readonly extent: Dim;
}

/** ⌊of / by⌋, or of mod by. */
export interface Quotient {
  readonly kind: "div" | "mod";
  readonly id: number;
  readonly of: Index;
  readonly by: number;
}

export type Atom = Axis | Quotient;

/** `constant + Σ coefficient · atom`; terms have distinct atoms, in the order in which these were made, and no coefficient 0. */
export interface Index {
  readonly id: number;
  readonly constant: number;
  readonly terms: readonly Term[];
}

export interface Term {
  readonly coefficient: number;
  readonly atom: Atom;
}

/** `0 ≤ index < extent` */
export interface Bound {
  readonly index: Index;
  readonly extent: Dim;
}

/** Where each axis goes. */
export type Substitution = ReadonlyMap<Axis, Index>;

export type ReduceOp = "sum" | "max" | "min";

export type Expr =
  | { readonly kind: "const"; readonly id: number; readonly value: number }
  /** The batch size as a number. */
  | { readonly kind: "batch"; readonly id: number }
  /** A number of the uniform's `rates`. */
  | { readonly kind: "rate"; readonly id: number; readonly slot: number }
  /** A number in [0, 1), determined by the run's seed and step, the salt, and the counter. */
  | { readonly kind: "random"; readonly id: number; readonly counter: Index; readonly salt: number }
  /** An index as a number: positions, counters. */
  | { readonly kind: "position"; readonly id: number; readonly index: Index }
  /** Element of a tensor. Every index must be provably in range under the guards around it. */
  | { readonly kind: "load"; readonly id: number; readonly from: Node; readonly index: readonly Index[] }
  /** Element of a contraction's accumulator, by the kernel's axes; appears only after lowering. */
  | { readonly kind: "acc"; readonly id: number; readonly index: readonly Index[] }
  | { readonly kind: "call"; readonly id: number; readonly fn: ScalarName; readonly args: readonly Expr[] }
  /** `then` where all bounds hold, else `otherwise`. */
  | {
      readonly kind: "guard";
      readonly id: number;
      readonly bounds: readonly Bound[];
      readonly then: Expr;
      readonly otherwise: Expr;
    }
  | {
      readonly kind: "reduce";
      readonly id: number;
      readonly op: ReduceOp;
      readonly axes: readonly Axis[];
      readonly body: Expr;
    };

export type Load = Extract<Expr, { kind: "load" }>;
export type Reduce = Extract<Expr, { kind: "reduce" }>;
export type Guard = Extract<Expr, { kind: "guard" }>;

/** The scalar functions; `ops/scalar.ts` gives each its WGSL, its meaning and its derivatives. */
export type ScalarName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "max"
  | "min"
  | "pow"
  | "neg"
  | "abs"
  | "exp"
  | "log"
  | "sqrt"
  | "tanh"
  | "sigmoid"
  | "erfc"
  /** 1 where a < b, else 0. */
  | "less"
  /** b where a ≠ 0, else c. */
  | "select";

/** What `OpDef.define` is given. */
export interface OpContext {
  /** The output's position, an axis per dimension. */
  readonly at: readonly Axis[];
  readonly inputs: readonly Node[];
  /** The shape of the output. */
  readonly shape: readonly Dim[];
  /** A new axis to reduce over. */
  axis(name: string, extent: Dim): Axis;
}
