/**
 * Index expressions: the meaning of an op, as a scalar at one output position.
 *
 *   conv2d   y[n,o,h,w] = b[o] + Σ_{c,u,v} x[n, c, h·s + u·d − p, w·s + v·d − p] · k[o,c,u,v]
 *
 * Indices are affine in the axes, plus floor division and remainder by constants (reshapes, groups). Every
 * object carries a `key`: equal keys mean equal expressions. Build them with math/affine.ts and math/build.ts.
 */
import type { Node } from "./graph.ts";
import type { Dim } from "./type.ts";

/** A loop variable that runs over 0 … extent − 1. */
export interface Axis {
  readonly key: string;
  /** What it counts, for printing: `n`, `c`, `h`, `kw`. */
  readonly name: string;
  readonly extent: Dim;
}

export type Atom =
  | { readonly kind: "axis"; readonly key: string; readonly axis: Axis }
  | { readonly kind: "div" | "mod"; readonly key: string; readonly of: Index; readonly by: number };

/** `constant + Σ coefficient · atom`; terms are sorted by key and have distinct atoms, coefficients are not 0. */
export interface Index {
  readonly key: string;
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

export type ReduceOp = "sum" | "max" | "min";

export type Expr =
  | { readonly kind: "const"; readonly key: string; readonly value: number }
  /** The batch size as a number. */
  | { readonly kind: "batch"; readonly key: string }
  /** A number of the uniform's `rates`. */
  | { readonly kind: "rate"; readonly key: string; readonly slot: number }
  /** A number in [0, 1), determined by the run's seed and step, the salt, and the counter. */
  | { readonly kind: "random"; readonly key: string; readonly counter: Index; readonly salt: number }
  /** An index as a number: positions, counters. */
  | { readonly kind: "position"; readonly key: string; readonly index: Index }
  /** Element of a tensor. Every index must be provably in range under the guards around it. */
  | { readonly kind: "load"; readonly key: string; readonly from: Node; readonly index: readonly Index[] }
  /** Element of a contraction's accumulator, by the kernel's axes; appears only after lowering. */
  | { readonly kind: "acc"; readonly key: string; readonly index: readonly Index[] }
  | { readonly kind: "call"; readonly key: string; readonly fn: ScalarName; readonly args: readonly Expr[] }
  /** `then` where all bounds hold, else `otherwise`. */
  | {
      readonly kind: "guard";
      readonly key: string;
      readonly bounds: readonly Bound[];
      readonly then: Expr;
      readonly otherwise: Expr;
    }
  | {
      readonly kind: "reduce";
      readonly key: string;
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
