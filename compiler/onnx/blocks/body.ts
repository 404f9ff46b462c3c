/** Bodies of code: lines that are statements of the record, or calls of functions whose bodies are such lines again. */
import type { DType, Shape } from "../../../contract/type.ts";
import { isSize } from "../../ir/type.ts";
import { isPlain, isRef, type Ref, type Statement } from "../recorder.ts";

/** A call: of which body, and the how manieth of its calls it is. */
export interface Use {
  readonly body: number;
  readonly call: number;
}
export type Line = Statement | Use;

/**
 * What a function holds, for each of its calls as it is there: lines at the same place are alike, and differ in numbers and in the tensors
 * from outside. The first body is the module, which is called once; a body calls those behind it.
 */
export interface Body {
  readonly calls: readonly (readonly Line[])[];
}
export type Bodies = readonly Body[];

export const isUse = (line: Line): line is Use => "body" in line;

/** The lines of a call. */
export const linesOf = (bodies: Bodies, { body, call }: Use): readonly Line[] =>
  bodies[body]?.calls[call] ?? [];

/** All statements of a line, those of the functions that it calls too. */
export function statementsOf(line: Line, bodies: Bodies): readonly Statement[] {
  return isUse(line) ? linesOf(bodies, line).flatMap((inner) => statementsOf(inner, bodies)) : [line];
}

/** The tensors that a line gives: a function's is that of its last line. */
export function resultsOf(line: Line, bodies: Bodies): readonly Ref[] {
  if (!isUse(line)) return line.results;
  const last = linesOf(bodies, line).at(-1);
  return last ? resultsOf(last, bodies) : [];
}

/** What may differ between two calls of a function: a number, or a tensor. */
export type Leaf = number | Ref;

/** An argument whose leaves are what `leaf` makes of them, in their order. `key`: the option that a number is of. */
export function mapLeaves(arg: unknown, leaf: (leaf: Leaf, key: string) => unknown, key = ""): unknown {
  if (typeof arg === "number" || isRef(arg)) return leaf(arg, key);
  if (Array.isArray(arg)) return arg.map((item) => mapLeaves(item, leaf, key));
  if (typeof arg !== "object" || arg === null || !isPlain(arg)) return arg;
  return Object.fromEntries(Object.entries(arg).map(([k, value]) => [k, mapLeaves(value, leaf, k)]));
}

export interface Found {
  readonly leaf: Leaf;
  readonly key: string;
}

export function leavesOf({ args }: Statement): readonly Found[] {
  const found: Found[] = [];
  for (const arg of args) mapLeaves(arg, (leaf, key) => found.push({ leaf, key }));
  return found;
}

/** Options that are part of what a line is: types of tensors need them as literals. */
const FIXED = new Set(["axis", "dims", "p", "parts", "sizes", "block"]);

/** What a statement is but for its numbers and tensors, as a text that equal ones have alike. */
export function skeletonOf({ callee, args, results, weights }: Statement): string {
  const fixed = (leaf: Leaf, key: string): unknown =>
    typeof leaf === "number" && (FIXED.has(key) || callee === "transpose") ? { leaf } : null;
  const shapes = results.map(({ tensor }) => kindOf(tensor.node.type));
  return JSON.stringify(
    [callee, args.map((arg) => mapLeaves(arg, fixed)), shapes, [...weights.keys()]],
    plain,
  );
}

/** Without what JSON makes equal. */
const plain = (_: string, value: unknown): unknown =>
  typeof value === "symbol" ? { symbol: value.description } : value;

/** Which sizes of a tensor are numbers, and which are not. */
export const kindOf = ({ dtype, shape }: { readonly dtype: DType; readonly shape: Shape }): string =>
  `${dtype} ${shape.map((d) => (typeof d === "number" ? "·" : isSize(d) ? d.name : d)).join()}`;

/** How long the code of a line is: its variable, what it calls, and a word for each argument. */
export function lengthOf({ args }: Statement): number {
  let words = 2;
  const count = (arg: unknown): void => {
    if (Array.isArray(arg)) arg.forEach(count);
    else if (typeof arg === "object" && arg !== null && !isRef(arg) && isPlain(arg))
      Object.values(arg).forEach(count);
    else words++;
  };
  args.forEach(count);
  return words;
}
