/** Sizes that a run decides: what layers make of them, and that equal ones are one type. */
import type { Size, Tensor } from "../../../compiler/dsl/index.ts";
import * as w from "../../../compiler/dsl/index.ts";
import { N } from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

const T = w.dim("T", { max: 512 });
const S = w.dim("S", { max: 9 });
type T = Size<"T", 512>;
type S = Size<"S", 9>;

const words = w.input("words", [N, T], { dtype: "i32" });
const x = w.input("x", [N, T, 64]);
const table = w.input("table", [T, S]);
const scores = w.softmax(w.matmul(x, w.transpose(x)));
const heads = w.transpose(w.reshape(x, [N, T, 4, 16]), [0, 2, 1, 3]);

export const checks: readonly true[] = [
  same<T>()(T),
  same<T>()(w.dim("T", { max: 512 })),
  same<Tensor<[N, T, 64]>>()(x),
  same<Tensor<[N, T, 32]>>()(w.embedding(words, { count: 1000, size: 32 })),
  same<Tensor<[N, T, 8]>>()(w.linear(x, { out: 8 })),
  same<Tensor<[N, T, 8]>>()(w.pipe(x, w.layerNorm(), w.linear({ out: 8 }), w.relu())),
  same<Tensor<[N, T, 64]>>()(w.residual(w.linear({ out: 64 }))(x)),
  same<Tensor<[N, T, 64]>>()(w.softmax(x)),
  same<Tensor<[N, 64]>>()(w.mean(x, { axis: 1 })),
  same<Tensor<[N, 1, 64]>>()(w.max(x, { axis: 1, keepDims: true })),
  same<Tensor<[N, T]>>()(w.sum(x, { axis: -1 })),
  same<Tensor<[N, T, T]>>()(scores),
  same<Tensor<[N, T, 64]>>()(w.matmul(scores, x)),
  same<Tensor<[N, 4, T, 16]>>()(heads),
  same<Tensor<[N, 4, T, T]>>()(w.softmax(w.matmul(heads, w.transpose(heads)))),
  same<Tensor<[N, T, 64]>>()(w.reshape(w.transpose(heads, [0, 2, 1, 3]), [N, T, 64])),
  same<Tensor<[S, T]>>()(w.transpose(table)),
  same<Tensor<[S, S]>>()(w.matmul(w.transpose(table), table)),
  same<Tensor<[N, T, 128]>>()(w.concat([x, x], { axis: 2 })),
  same<Tensor<[N, T, 64]>>()(w.add(x, w.param("bias", [64]))),
  same<Tensor<[N, T, 64]>>()(w.add(x, w.input("row", [N, 1, 64]))),
];

/** A function of texts of any length. */
export const pooled = (text: Tensor<[N, T, 64]>): Tensor<[N, 3]> =>
  w.linear(w.mean(text, { axis: 1 }), { out: 3 });
export const classes: Tensor<[N, 3]> = pooled(x);
