/**
 * What a kernel computes, typed: the values of its statements (`stmt.ts`). No value says how a target spells it.
 *
 * Values are interned, as indices and expressions are: equal ones are one object. Build them with math/value.ts.
 *
 * Three kinds are for the passes between lowering and a target, which knows none of them: `index` (an affine index, before
 * its parts are computed where they are known), `element` (a number of a tensor, before its memory's vectors are decided)
 * and `fetch` (an element of the memory, before its address is computed).
 */
import type { Size } from "../../contract/type.ts";
import type { Index, ScalarName } from "./expr.ts";
import type { StorageType } from "./storage.ts";

/** Components of a value. */
export type Width = 1 | 2 | 4;
export type Scalar = "f32" | "f16" | "i32" | "u32" | "bool";

/** One object for each pair of scalar and width. */
export interface ValueType {
  readonly scalar: Scalar;
  readonly width: Width;
}

/** A local name: of a `let`, a `var` or a loop. Each is made once and is itself alone. */
export interface Variable {
  readonly kind: "variable";
  readonly id: number;
  /** What it is called, before a number: `acc`. */
  readonly stem: string;
  readonly type: ValueType;
}

/** An array that a kernel reads or writes by address. Each is made once and is itself alone. */
export interface Memory {
  readonly id: number;
  /** "storage": a bound buffer; "workgroup": shared by the threads of a workgroup; "private": a thread's own. */
  readonly space: "storage" | "workgroup" | "private";
  /** Of storage: what variables that hold its elements are called; else what it is called itself, before a number. */
  readonly stem: string;
  /** Of an element of the array. */
  readonly type: ValueType;
  /** What the elements stand for. Absent: they are numbers as they are. */
  readonly codec?: StorageType;
  /** How many of the tensor's numbers are fetched at once; absent: as many as an element has components. */
  readonly lanes?: Width;
  /** How many elements; absent for storage, whose size its buffer says. */
  readonly length?: number;
  /** Whether a kernel may store there. Then nobody else decides how wide its elements are. */
  readonly writable: boolean;
}

/** A number that a run is given: the batch size, the step, the seed; the rates; and other sizes. */
export type UniformField = "n" | "step" | "seed" | "rates" | Size;

/** What tells threads apart: the workgroup's number in the dispatch, the thread's in its workgroup. */
export type Builtin = "group" | "local";

export type BinaryOp =
  | "+"
  | "-"
  | "*"
  /** Rounds towards 0 for integers. */
  | "/"
  | "%"
  | "<"
  | ">="
  | "=="
  | "!="
  | "&"
  | ">>"
  | "&&";

/** Functions of numbers that a target knows. */
export type Fn =
  | Exclude<ScalarName, "add" | "sub" | "mul" | "div" | "neg" | "less" | "lessOrEqual" | "equal" | "select">
  | "clamp";

export type Value =
  | Variable
  | { readonly kind: "literal"; readonly id: number; readonly type: ValueType; readonly value: number }
  | {
      readonly kind: "uniform";
      readonly id: number;
      readonly type: ValueType;
      readonly field: UniformField;
      /** Which one of the rates. */
      readonly slot: number;
    }
  | { readonly kind: "builtin"; readonly id: number; readonly type: ValueType; readonly name: Builtin }
  /** An element; of an array of single numbers also a vector of those from `at` on. */
  | {
      readonly kind: "load";
      readonly id: number;
      readonly type: ValueType;
      readonly from: Memory;
      readonly at: Value;
    }
  | { readonly kind: "negate"; readonly id: number; readonly type: ValueType; readonly of: Value }
  /** A scalar operand of f32 goes with each component of the other one. */
  | {
      readonly kind: "binary";
      readonly id: number;
      readonly type: ValueType;
      readonly op: BinaryOp;
      readonly left: Value;
      readonly right: Value;
    }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly type: ValueType;
      readonly fn: Fn;
      readonly args: readonly Value[];
    }
  | {
      readonly kind: "select";
      readonly id: number;
      readonly type: ValueType;
      readonly condition: Value;
      readonly then: Value;
      readonly otherwise: Value;
    }
  /** A vector of its parts, or of one for all components. */
  | {
      readonly kind: "compose";
      readonly id: number;
      readonly type: ValueType;
      readonly parts: readonly Value[];
    }
  | {
      readonly kind: "component";
      readonly id: number;
      readonly type: ValueType;
      readonly of: Value;
      readonly lane: number;
    }
  | { readonly kind: "convert"; readonly id: number; readonly type: ValueType; readonly of: Value }
  /** The f32 whose bits a u32 is. */
  | { readonly kind: "bits"; readonly id: number; readonly type: ValueType; readonly of: Value }
  /** What the quad's thread `lane` has. */
  | {
      readonly kind: "broadcast";
      readonly id: number;
      readonly type: ValueType;
      readonly of: Value;
      readonly lane: number;
    }
  /** Uniform in [0, 1): a hash of the run's seed and step, the counter and the salt. */
  | {
      readonly kind: "random";
      readonly id: number;
      readonly type: ValueType;
      readonly counter: Value;
      readonly salt: number;
    }
  /** Worth computing once: where all that it depends on is known, under a name. */
  | {
      readonly kind: "named";
      readonly id: number;
      readonly type: ValueType;
      readonly stem: string;
      readonly of: Value;
    }
  | { readonly kind: "index"; readonly id: number; readonly type: ValueType; readonly index: Index }
  | {
      readonly kind: "element";
      readonly id: number;
      readonly type: ValueType;
      readonly from: Memory;
      /** Counted in numbers. */
      readonly at: Index;
    }
  | {
      readonly kind: "fetch";
      readonly id: number;
      readonly type: ValueType;
      readonly from: Memory;
      /** Counted in what is fetched at once. */
      readonly at: Index;
    };

export type Element = Extract<Value, { kind: "element" }>;
export type Fetch = Extract<Value, { kind: "fetch" }>;
