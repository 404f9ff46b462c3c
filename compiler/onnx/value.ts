/** What a name of an ONNX graph stands for while it is translated: numbers that are known, or a tensor of the model. */
import { showShape } from "../../contract/shapes.ts";
import type { Dim, Shape } from "../../contract/type.ts";
import type { Ref } from "./recorder.ts";

/** The types of ONNX's elements by their numbers (TensorProto.DataType). */
export const TYPES = {
  1: "f32",
  2: "u8",
  3: "i8",
  4: "u16",
  5: "i16",
  6: "i32",
  7: "i64",
  8: "string",
  9: "bool",
  10: "f16",
  11: "f64",
  12: "u32",
  13: "u64",
  16: "bf16",
  21: "u4",
  22: "i4",
} as const;
export type ElementType = (typeof TYPES)[keyof typeof TYPES];

export const isFloat = (type: ElementType): boolean =>
  type === "f32" || type === "f16" || type === "f64" || type === "bf16";

/** A number, or a size that a run decides, where shapes are computed with. */
export type Element = number | Dim;

/** A tensor whose elements are known at import. */
export interface Known {
  readonly kind: "known";
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Row by row. Booleans are 0 and 1. */
  readonly data: ArrayLike<Element>;
  /** The name that it has in the file. */
  readonly name?: string;
  /** Whether a training changes it: it is one of the file's weights, or computed of them. Else it is a constant. */
  readonly isTrained?: boolean;
}

/** A tensor that the model computes. */
export interface Computed {
  readonly kind: "computed";
  readonly type: ElementType;
  readonly shape: Shape;
  readonly ref: Ref;
  /** Where the file has the axes in an order that the model cannot have: the tensor's axis that each of `shape` is. */
  readonly order?: readonly number[];
}

export type Value = Known | Computed;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);

export const known = (type: ElementType, shape: readonly number[], data: ArrayLike<Element>): Known => ({
  kind: "known",
  type,
  shape,
  data,
});

/** `f32 [N, 3, 8, 8]` */
export const showValue = ({ type, shape }: Value): string => `${type} ${showShape(shape)}`;

/** Why a node cannot be imported, and what may help. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly fix: string | undefined;
  constructor(reason: string, fix?: string) {
    super(reason);
    this.fix = fix;
  }
}

export function refuse(reason: string, fix?: string): never {
  throw new Refusal(reason, fix);
}

/** Where no size is to be one that a run decides. */
export function numbersOf(data: ArrayLike<Element>, what: string): readonly number[] {
  return Array.from(data, (element) =>
    typeof element === "number"
      ? element
      : refuse(
          `${what} depends on the size ${typeof element === "string" ? element : element.name}, which a run decides`,
          "bind it: --dim NAME=SIZE, dims: { NAME: SIZE }",
        ),
  );
}
