/**
 * Index expressions: the meaning of an op, as a scalar at one output position.
 *
 *   conv2d   y[n,o,h,w] = b[o] + Σ_{c,u,v} x[n, c, h·s + u·d − p, w·s + v·d − p] · k[o,c,u,v]
 *
 * Indices are affine in the axes, plus floor division and remainder by constants (reshapes, groups), and in whole numbers
 * that tensors hold (rows of a table).
 *
 * The nodes of a graph stand here too: a load names the node that it reads, and a node its op, whose meaning is an
 * expression. `graph.ts` gives them to whoever thinks of graphs.
 *
 * Indices, atoms and expressions are interned: equal ones are one object, so equality is `===` and they are keys of
 * maps by themselves (hash consing; Filliâtre & Conchon, "Type-safe modular hash-consing", 2006). Build them with
 * math/affine.ts and math/build.ts, never by hand. `id` tells them apart within one process, and is never printed.
 */
import type { Location } from "../../contract/diagnosis.ts";
import type { Init, ParamUse, RowStorage } from "../../contract/program.ts";
import type { RoleKind } from "../../contract/training.ts";
import type { Dim, TensorType } from "../../contract/type.ts";

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

/**
 * The whole number that a tensor of whole numbers holds at an index, as far as it says where to read: below 0 it is 0, from
 * `extent` on `extent` − 1. What is N rows long is a data set, whose length no kernel knows: whoever gives the numbers
 * keeps them below it.
 */
export interface Lookup {
  readonly kind: "lookup";
  readonly id: number;
  readonly from: Node;
  readonly index: readonly Index[];
  readonly extent: Dim;
}

export type Atom = Axis | Quotient | Lookup;

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

export type ReduceOp = "sum" | "prod" | "max" | "min";

export type Expr =
  | { readonly kind: "const"; readonly id: number; readonly value: number }
  /** A size that a run decides, as a number. */
  | { readonly kind: "size"; readonly id: number; readonly of: Dim }
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
  | "floor"
  | "ceil"
  /** To the nearest whole number, of two equally near ones to the even one. */
  | "round"
  | FormulaName
  /** 1 where a < b, else 0. */
  | "less"
  /** 1 where a ≤ b, else 0. */
  | "lessOrEqual"
  /** 1 where a = b, else 0. */
  | "equal"
  /** b where a ≠ 0, else c. */
  | "select";

/** Those that are written once for all targets, as `ops/formula.ts` says. */
export type FormulaName =
  | "sin"
  | "cos"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  /** log(1 + eˣ) */
  | "softplus";

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

export type AttrValue = number | string | boolean | null | readonly AttrValue[] | Attrs;
export type Attrs = { readonly [key: string]: AttrValue };

/**
 * What a training made a node for. It is for messages; a node's name says nothing, since a layer may be called `loss`.
 */
export interface Role {
  readonly kind: RoleKind;
  /** The name of the tensor whose gradient or update it is. */
  readonly of: string;
}

/** Where a node comes from. `trace` is the raw call stack; the frontend turns it into `at` and `name`. */
export interface Origin {
  /** `conv1`, `block2/conv1`; unique within a graph. */
  readonly name: string;
  readonly at?: Location;
  readonly trace?: string;
  /** Which it is of what a call gives several of; the frontend makes it part of `name`. */
  readonly part?: number;
  /** Absent: the node is one of the model's. */
  readonly role?: Role;
}

/** A parameter that an op makes for itself (weight, bias, running mean). */
export interface ParamRequest {
  /** The suffix of the parameter's name: `conv1.weight`. */
  readonly role: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Absent: it is trained. */
  readonly use?: ParamUse;
}

/** What whole numbers that say where to read may be. */
export interface IndexBound {
  /** They are from 0 and stay below it. */
  readonly below: Dim;
  /** The one number besides that may occur, and that nothing is read by. */
  readonly except?: number;
}

/** The position of an operand of whole numbers, and what they may be. */
export interface Where extends IndexBound {
  readonly operand: number;
}

/** What a row of the shape table says about an op beyond its output shape. */
export interface OpSummary {
  /** `6 · 5×5, padding 2` */
  readonly options: string;
  /** `⌊(28 + 2·2 − 5)/1⌋ + 1 = 28`; empty where the shape is the input's. */
  readonly formula: string;
}

/**
 * One op, in one place. Method syntax on purpose: it lets an `OpDef<ConvAttrs>` stand where an `OpDef` is wanted.
 * `A` are the normalised attributes, `O` the options as the user writes them.
 */
export interface OpDef<A extends Attrs = Attrs, O = unknown> {
  readonly name: string;
  /** How many tensor operands the op takes, parameters excluded. */
  readonly arity: number | "variadic";
  /** Normalises and checks the user's options. Throws `UserError`. */
  options(options: O): A;
  /** Whether it moves elements and computes nothing: then they may be of any one type, else they are f32. */
  readonly moves?: true;
  /** Whether it takes one type of numbers for another: its operands may be of any. */
  readonly converts?: true;
  /**
   * Whether it compares elements that it reads several times: they are stored first, as a number that is computed twice may be
   * rounded in two ways.
   */
  readonly twice?: true;
  /** Of its parameters, those that a tensor among the options may take the place of, by role. */
  readonly takes?: readonly string[];
  /** The parameters the op makes for itself, appended to its operands. Throws `UserError`. */
  params?(attrs: A, inputs: readonly TensorType[]): readonly ParamRequest[];
  /** The output's type from the operands' (parameters included). Throws `UserError`. */
  infer(attrs: A, inputs: readonly TensorType[]): TensorType;
  /**
   * The operand that says where to read, if one does: whole numbers, of which each is at least 0 and below a number.
   */
  where?(attrs: A, inputs: readonly TensorType[]): Where;
  /** The meaning: the value at one output position, as an index expression. */
  define(attrs: A, context: OpContext): Expr;
  /**
   * What it is made of, for an op that is no expression of an element, such as a recurrence: it is written out before anything is
   * computed, and before gradients are taken. Equal for equal nodes.
   */
  written?(node: OpNode): Node;
  /**
   * Gradients of the operands from that of the output, as graph nodes, for ops whose gradient is not derived from
   * `define`; an operand without one (labels) has undefined.
   */
  vjp?(node: OpNode, grad: Node): readonly (Node | undefined)[];
  /**
   * Gradients end here: whoever reads the result states, in its own `vjp`, what becomes of the gradient of all that this
   * is made of. (A batch's mean, in what normalises by it.)
   */
  readonly detached?: true;
  /**
   * What the op does in training, where that differs: batch statistics, random masks. `salt` tells the random numbers
   * of one node from those of another; `threads` keep the device busy, infinitely many where each works by itself.
   */
  training?(
    node: OpNode,
    salt: number,
    threads: number,
  ): { readonly value: Node; readonly updates: readonly Update[] };
  summary(attrs: A, inputs: readonly TensorType[], output: TensorType): OpSummary;
}

export type Node =
  | {
      readonly kind: "input";
      readonly type: TensorType;
      readonly origin: Origin;
      /**
       * The tensor is a whole data set that lies on the GPU as whole numbers of so many bits. N is the number of its rows and not
       * the batch's, so it is read by what is looked up alone.
       */
      readonly storage?: RowStorage;
    }
  /** A number that is set anew for every run (a learning rate): slot of the uniform's `rates`. */
  | { readonly kind: "scalar"; readonly type: TensorType; readonly origin: Origin; readonly slot: number }
  | {
      readonly kind: "param";
      readonly type: TensorType;
      readonly origin: Origin;
      readonly init: Init;
      /** Absent: it is trained. */
      readonly use?: ParamUse;
      /** What it is to the layer that made it and that it is called after: `weight`. Absent: it has its own name. */
      readonly own?: string;
    }
  | {
      readonly kind: "const";
      readonly type: TensorType;
      readonly origin: Origin;
      readonly value: number;
      /** As of a parameter. */
      readonly own?: string;
    }
  | OpNode;

export interface OpNode {
  readonly kind: "op";
  readonly op: OpDef;
  readonly attrs: Attrs;
  /** Operands, then the op's own parameters. */
  readonly inputs: readonly Node[];
  readonly type: TensorType;
  readonly origin: Origin;
  /** As of a parameter, where it stands for some of a layer's: `affine`. */
  readonly own?: string;
}

/** A tensor that the program overwrites in place: a parameter, a moment, a running statistic. */
export interface Update {
  readonly state: Node;
  readonly value: Node;
}
