/** What the oracle sees of a node: its attributes and the values of its operands. */
import type { Attrs } from "../../compiler/ir/graph.ts";
import type { NdArray } from "./array.ts";

export interface Op {
  readonly attrs: Attrs;
  readonly inputs: readonly NdArray[];
  /** What sizes that are no numbers are in this run, by name. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Which operands have a row for each example. */
  readonly batched?: readonly boolean[];
  /** What storing a number on the way does to it, where that is looked at. Absent: nothing. */
  readonly round?: ((value: number) => number) | undefined;
}

/** A number that an op keeps on the way. */
export const kept = ({ round }: Op, value: number): number => (round ? round(value) : value);

export function numberOf(attrs: Attrs, name: string): number {
  const value = attrs[name];
  if (typeof value !== "number")
    throw new Error(`attribute ${name} is ${JSON.stringify(value)}, not a number`);
  return value;
}

export function flagOf(attrs: Attrs, name: string): boolean {
  const value = attrs[name];
  if (typeof value !== "boolean")
    throw new Error(`attribute ${name} is ${JSON.stringify(value)}, not a flag`);
  return value;
}

export function listOf(attrs: Attrs, name: string): readonly number[] {
  const value = attrs[name];
  if (!Array.isArray(value)) throw new Error(`attribute ${name} is ${JSON.stringify(value)}, not a list`);
  return value.map((v) => (typeof v === "number" ? v : Number.NaN));
}

/** The axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
