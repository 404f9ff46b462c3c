/** Nodes with drawn shapes and attributes, each a file of its own. */
import fc from "fast-check";
import { type Arrays, random } from "../../oracle/array.ts";
import { type Attribute, file, node, type OnnxTensor, tensor } from "../file.ts";

/** What the numbers of an operand are drawn from. */
export type Numbers =
  | "any"
  | "positive"
  | "unit"
  | "above1"
  | "large"
  | "mask"
  | { readonly from: number; readonly to: number }
  | { readonly values: readonly number[] };

export interface Operand {
  readonly shape: readonly number[];
  readonly numbers: Numbers;
  /** Whether it is a weight of the file rather than an input. */
  readonly known: boolean;
  readonly type: keyof typeof TYPES;
}

export interface Case {
  readonly op: string;
  readonly opset: number;
  /** An operand that is left out is undefined. */
  readonly operands: readonly (Operand | undefined)[];
  readonly attributes: readonly Attribute[];
  readonly outputs: number;
  /** Whether the first size of inputs is one that a run decides. */
  readonly batched: boolean;
  /** Whether numbers of the file are nodes Constant rather than initialisers. */
  readonly constant: boolean;
  /** The shape of an input that is added to the result, where that is known at import. */
  readonly added?: readonly number[];
}

/** A case as it is drawn for an operator, all but what all have. */
export interface Drawn {
  readonly operands: readonly (Operand | undefined)[];
  readonly attributes?: readonly Attribute[];
  readonly outputs?: number;
  readonly opset?: number;
  readonly batched?: boolean;
  readonly added?: readonly number[];
}

export type Draw = fc.Arbitrary<Drawn>;
export type Cases = Readonly<Record<string, Draw>>;

export const fed = (
  shape: readonly number[],
  numbers: Numbers = "any",
  type: Operand["type"] = "f32",
): Operand => ({
  shape,
  numbers,
  known: false,
  type,
});
export const known = (
  shape: readonly number[],
  numbers: Numbers = "any",
  type: Operand["type"] = "f32",
): Operand => ({
  shape,
  numbers,
  known: true,
  type,
});
/** Whole numbers that the file holds. */
export const list = (values: readonly number[]): Operand => known([values.length], { values }, "i64");
export const scalar = (value: number, type: Operand["type"] = "f32"): Operand =>
  known([], { values: [value] }, type);

const TYPES = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, u4: 21, i4: 22 } as const;
const ARRAYS = {
  f32: Float32Array,
  u8: Uint8Array,
  i8: Int8Array,
  i32: Int32Array,
  bool: Uint8Array,
} as const;

function valuesOf({ shape, numbers }: Operand, next: () => number): Float64Array {
  const count = shape.reduce((a, d) => a * d, 1);
  const draw = (i: number): number => {
    if (typeof numbers === "object")
      return "values" in numbers
        ? (numbers.values[i % numbers.values.length] ?? 0)
        : numbers.from + Math.floor(next() * (numbers.to - numbers.from + 1));
    switch (numbers) {
      case "any":
        return Math.fround(4 * next() - 2);
      case "positive":
        return Math.fround(0.1 + 3 * next());
      case "unit":
        return Math.fround(1.9 * next() - 0.95);
      case "above1":
        return Math.fround(1.05 + 2 * next());
      case "large":
        return Math.fround(40 * next() - 20);
      case "mask":
        return next() < 0.5 ? 0 : 1;
    }
  };
  return Float64Array.from({ length: count }, (_, i) => draw(i));
}

const wholesOf = (type: Exclude<Operand["type"], "u4" | "i4">, values: Float64Array) =>
  type === "i64" ? BigInt64Array.from(values, BigInt) : ARRAYS[type].from(values);

/** Two numbers of 4 bits in each byte. */
const halves = (values: Float64Array): Uint8Array =>
  Uint8Array.from(
    { length: Math.ceil(values.length / 2) },
    (_, i) => ((values[2 * i] ?? 0) & 15) | (((values[2 * i + 1] ?? 0) & 15) << 4),
  );

function tensorOf(name: string, { shape, type }: Operand, values: Float64Array): OnnxTensor {
  const rawData =
    type === "u4" || type === "i4" ? halves(values) : new Uint8Array(wholesOf(type, values).buffer);
  return { name, dataType: TYPES[type], dims: shape, rawData };
}

/** The file of a case, and what its inputs are given. */
export function fileOf(drawn: Case, seed: number): { readonly bytes: Uint8Array; readonly feeds: Arrays } {
  const next = random(seed);
  const inputs: Record<string, readonly (number | string)[]> = {};
  const types: Record<string, number> = {};
  const tensors: OnnxTensor[] = [];
  const feeds: Record<string, { shape: readonly number[]; data: Float64Array }> = {};
  const lead = drawn.operands[0];
  const names = drawn.operands.map((operand, i) => {
    if (!operand) return "";
    const name = `${operand.known ? "w" : "x"}${i}`;
    const data = valuesOf(operand, next);
    if (operand.known) {
      tensors.push(tensorOf(name, operand, data));
      return name;
    }
    const same =
      operand.shape.length === lead?.shape.length &&
      operand.shape[0] === lead.shape[0] &&
      operand.shape.length > 0;
    inputs[name] = drawn.batched && same ? ["batch", ...operand.shape.slice(1)] : operand.shape;
    types[name] = TYPES[operand.type];
    feeds[name] = { shape: operand.shape, data };
    return name;
  });
  const { added } = drawn;
  if (added) {
    inputs["added"] = added;
    feeds["added"] = { shape: added, data: valuesOf(fed(added), next) };
  }
  const outputs = Array.from({ length: drawn.outputs }, (_, i) => `y${i}`);
  const bytes = file({
    inputs,
    types,
    weights: drawn.constant ? [] : tensors,
    outputs: added ? ["sum"] : outputs,
    opset: drawn.opset,
    nodes: [
      ...(drawn.constant ? tensors.map((t) => node("Constant", [], [t.name], tensor("value", t))) : []),
      node(drawn.op, names, outputs, ...drawn.attributes),
      ...(added ? [node("Add", [outputs[0] ?? "", "added"], ["sum"])] : []),
    ],
  });
  return { bytes, feeds };
}

/** A case of an operator: an opset of those that are said, unless the draw chose one. */
export const caseOf = (op: string, draw: Draw): fc.Arbitrary<Case> =>
  fc
    .record({
      drawn: draw,
      opset: fc.constantFrom(13, 17, 18, 21),
      batched: fc.boolean(),
      constant: fc.boolean(),
    })
    .map(({ drawn, opset, batched, constant }) => ({
      op,
      opset,
      batched,
      constant,
      attributes: [],
      outputs: 1,
      ...drawn,
    }));

/** Sizes that are small, one a prime now and then. */
export const size: fc.Arbitrary<number> = fc.integer({ min: 1, max: 7 });
export const shape = (least: number, most: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.integer({ min: 1, max: 5 }), { minLength: least, maxLength: most });

/** A shape that broadcasts with another: leading sizes fewer, and some 1. */
export const broadcastable = (to: readonly number[]): fc.Arbitrary<readonly number[]> =>
  fc
    .record({
      drop: fc.integer({ min: 0, max: to.length }),
      ones: fc.array(fc.boolean(), { minLength: to.length, maxLength: to.length }),
    })
    .map(({ drop, ones }) => to.map((d, i) => (ones[i] ? 1 : d)).slice(drop));
