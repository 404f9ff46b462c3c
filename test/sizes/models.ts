/** Models with sizes that a run decides, as tests run them. */

import * as weft from "../../compiler/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { opNamed } from "../fuzz/userOps.ts";

const { N } = weft;
export const T = weft.dim("T", { max: 24 });
const S = weft.dim("S", { max: 9 });

/** Means over T of a small projection, then classes: texts of any length. */
function classifier(): Graph {
  const tokens = weft.input("tokens", [N, T, 6]);
  const words = weft.relu(weft.linear(tokens, { out: 8 }));
  const scores = weft.softmax(weft.linear(weft.mean(words, { axis: 1 }), { out: 3 }));
  return weft.model("classifier", { tokens }, { scores }).graph;
}

/** One head of attention over T, with what was added before as a residual. */
function attention(): Graph {
  const x = weft.input("x", [N, T, 8]);
  const normal = weft.layerNorm(x);
  const query = weft.linear(normal, { out: 8, bias: false });
  const key = weft.linear(normal, { out: 8, bias: false });
  const value = weft.linear(normal, { out: 8 });
  const weights = weft.softmax(weft.mul(weft.matmul(query, weft.transpose(key)), 8 ** -0.5));
  const y = weft.add(x, weft.linear(weft.matmul(weights, value), { out: 8 }));
  return weft.model("attention", { x }, { y, weights }).graph;
}

/** Two heads, apart by a reshape. */
function heads(): Graph {
  const x = weft.input("x", [N, T, 8]);
  const split = (t: weft.Tensor<[weft.Dim, weft.Dim, number]>) =>
    weft.transpose(weft.reshape(t, [N, T, 2, 4]), [0, 2, 1, 3]);
  const [query, key] = [split(weft.linear(x, { out: 8 })), split(x)];
  const weights = weft.softmax(weft.matmul(query, weft.transpose(key)));
  const y = weft.reshape(weft.transpose(weft.matmul(weights, split(x)), [0, 2, 1, 3]), [N, T, 8]);
  return weft.model("heads", { x }, { y }).graph;
}

/** Without N: a table of T rows and S columns, its sums in both directions and all of it. */
function table(): Graph {
  const x = weft.input("x", [T, S]);
  const rows = weft.sum(weft.exp(x), { axis: 1 });
  const columns = weft.mean(x, { axis: 0, keepDims: true });
  const centred = weft.sub(x, columns);
  const all = weft.sum(weft.mul(centred, centred));
  const gram = weft.matmul(weft.transpose(x), x);
  return weft.model("table", { x }, { rows, columns, centred, all, gram }).graph;
}

/** T innermost, between numbers, and beside other inputs. */
function mixed(): Graph {
  const a = weft.input("a", [N, 3, T]);
  const b = weft.input("b", [T, 4]);
  const c = weft.input("c", [N, 1, T]);
  const product = weft.matmul(weft.mul(a, c), b);
  const joined = weft.concat([a, weft.abs(c)], { axis: 1 });
  const largest = weft.max(joined, 0.25);
  const [first, rest] = weft.split(largest, { sizes: [1, 3] });
  const outputs = { product, joined, largest, mean: weft.mean(largest), gated: weft.mul(rest, first) };
  return weft.model("mixed", { a, b, c }, outputs).graph;
}

/** What lies beside an element along T, and elements of T by numbers that may be beyond it. */
function neighbours(): Graph {
  const x = weft.input("x", [N, 3, T]);
  const at = weft.input("at", [N, 4], { dtype: "u32" });
  const shifted = opNamed("shifted");
  const y = weft.sub(shifted(x, { by: 1, otherwise: 0.5 }), shifted(x, { by: -2, otherwise: 0.25 }));
  return weft.model("neighbours", { x, at }, { y, picked: weft.gather(x, at, { axis: 2 }) }).graph;
}

export const models = { classifier, attention, heads, table, mixed, neighbours };
