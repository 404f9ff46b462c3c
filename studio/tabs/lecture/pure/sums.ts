/** A window's sum written out. Its result is the kernel's; only the terms are put together here. */
import { factor, show } from "./numbers.ts";

/** A piece of the line: a number of the input, of the kernel, a sign, or the result. */
export interface Token {
  readonly kind: "x" | "k" | "sign" | "result" | "name";
  readonly text: string;
}

export type Term = readonly [x: number, k: number];

const sign = (text: string): Token => ({ kind: "sign", text });

/** `0·0 + 1·1 + 3·2 + 4·3` */
export const products = (terms: readonly Term[]): readonly Token[] =>
  terms.flatMap(([x, k], i): readonly Token[] => [
    ...(i > 0 ? [sign(" + ")] : []),
    { kind: "x", text: factor(x) },
    sign("·"),
    { kind: "k", text: factor(k) },
  ]);

/** `Y[0, 1] = … = 25` */
export const equation = (name: string, middle: readonly Token[], result: number): readonly Token[] => [
  { kind: "name", text: name },
  sign(" = "),
  ...middle,
  sign(" = "),
  { kind: "result", text: show(result) },
];

/** `max(0, 1, 4, 5)`, or `(0 + 1 + 4 + 5)/4`. */
export function pooled(kind: "max" | "average", values: readonly number[]): readonly Token[] {
  const numbers = values.flatMap((v, i): readonly Token[] => [
    ...(i > 0 ? [sign(kind === "max" ? ", " : " + ")] : []),
    { kind: "x", text: kind === "max" ? show(v) : factor(v) },
  ]);
  return kind === "max"
    ? [sign("max("), ...numbers, sign(")")]
    : [sign("("), ...numbers, sign(`)/${values.length}`)];
}
