/** Models with a size T that tests train, and the same with a number in its place. */
import * as weft from "../../compiler/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import type { LossName } from "../../contract/training.ts";
import { opNamed } from "../fuzz/userOps.ts";

const { N } = weft;
/** The bound of T. */
export const MOST = 7;

export interface Model {
  readonly graph: Graph;
  readonly loss: LossName;
  /** Whether data sets are bytes. */
  readonly bytes: boolean;
}
export type Trained = (t?: number) => Model;

const T = (t: number | undefined): weft.Dim => t ?? weft.dim("T", { max: MOST });

/** Texts of bytes: rows of a table, their mean, classes. */
const text: Trained = (t) => {
  const tokens = weft.input("tokens", [N, T(t)], { dtype: "u32" });
  const words = weft.embedding(tokens, { count: 9, size: 5 });
  const y = weft.linear(weft.mean(words, { axis: 1 }), { out: 3 });
  return { graph: weft.model("text", { tokens }, { y }).graph, loss: "crossEntropy", bytes: true };
};

/** A block of attention over T, whose targets have T too. */
const attention: Trained = (t) => {
  const x = weft.input("x", [N, T(t), 4]);
  const normal = weft.layerNorm(x);
  const query = weft.linear(normal, { out: 3, bias: false });
  const key = weft.linear(normal, { out: 3, bias: false });
  const weights = weft.softmax(weft.mul(weft.matmul(query, weft.transpose(key)), 0.5));
  const added = weft.add(x, weft.linear(weft.matmul(weights, weft.linear(normal, { out: 4 })), { out: 4 }));
  const y = weft.linear(weft.tanh(weft.linear(added, { out: 3 })), { out: 2 });
  return { graph: weft.model("attention", { x }, { y }).graph, loss: "squaredError", bytes: false };
};

/** Sums, means and a maximum over T, also of products of neighbours, in front of other sizes and behind them. */
const sums: Trained = (t) => {
  const x = weft.input("x", [N, 3, T(t)]);
  const scaled = weft.mul(x, weft.param("a", [3, 1]));
  const largest = weft.max(scaled, { axis: 2 });
  const squares = weft.mean(weft.mul(scaled, scaled), { axis: 2 });
  const steps = opNamed("shifted")(scaled, { by: 1, otherwise: 0 });
  const moved = weft.mean(weft.mul(steps, scaled), { axis: 2 });
  const centred = weft.sub(scaled, weft.mean(scaled, { axis: 2, keepDims: true }));
  const both = weft.concat([largest, squares, moved, weft.sum(weft.tanh(centred), { axis: 2 })], { axis: 1 });
  return {
    graph: weft.model("sums", { x }, { y: weft.linear(both, { out: 2 }) }).graph,
    loss: "squaredError",
    bytes: false,
  };
};

/** Pictures of T rows, normalised by the batch's statistics. */
const pictures: Trained = (t) => {
  const x = weft.input("x", [N, 2, T(t), 3]);
  const maps = weft.relu(weft.batchNorm2d(weft.mul(x, weft.param("a", [2, 1, 3]))));
  const y = weft.linear(weft.mean(maps, { axis: [2, 3] }), { out: 2 });
  return { graph: weft.model("pictures", { x }, { y }).graph, loss: "squaredError", bytes: false };
};

/** Steps of these are those of the oracle. */
export const trained = { text, attention, sums };
/** These are held against themselves with a number. */
export const alike = { text, attention, pictures };
