/** Recurrent layers, step by step: one number at a time, as the papers write them. */
import type { Attrs } from "../../compiler/ir/graph.ts";
import { type NdArray, ndarray } from "./array.ts";
import { kept, numberOf, type Op } from "./op.ts";
import { sigmoid, softplus } from "./pointwise.ts";

type Fn = (x: number) => number;

function activation(attrs: Attrs): Fn {
  const [a, b] = [numberOf(attrs, "alpha"), numberOf(attrs, "beta")];
  const known: Readonly<Record<string, Fn>> = {
    sigmoid,
    softplus,
    tanh: Math.tanh,
    relu: (x) => Math.max(0, x),
    softsign: (x) => x / (1 + Math.abs(x)),
    affine: (x) => a * x + b,
    leakyRelu: (x) => (x > 0 ? x : a * x),
    thresholdedRelu: (x) => (x > a ? x : 0),
    scaledTanh: (x) => a * Math.tanh(b * x),
    hardSigmoid: (x) => Math.min(1, Math.max(0, a * x + b)),
    elu: (x) => (x > 0 ? x : a * Math.expm1(x)),
  };
  const found = known[String(attrs["kind"])];
  if (!found) throw new Error(`no activation ${String(attrs["kind"])}`);
  return found;
}

/** One example's numbers in one direction. */
interface Line {
  readonly h: number[];
  readonly c: number[];
}

/** What a layer gives: all states, the last ones, the last cells. */
export function recurrent(kind: "lstm" | "gru" | "rnn"): (op: Op) => NdArray {
  return (op) => {
    const { attrs, inputs } = op;
    const [x, ...rest] = inputs;
    if (!x) throw new Error("no sequence");
    const [batch = 1, steps = 1, features = 1] = x.shape;
    const [hidden, states] = [numberOf(attrs, "hidden"), numberOf(attrs, "states")];
    const ways = attrs["direction"] === "both" ? 2 : 1;
    const perWay = 2 + (attrs["bias"] ? 2 : 0) + (attrs["peephole"] ? 1 : 0);
    const functions = (attrs["activations"] as readonly Attrs[]).map(activation);
    const perList = functions.length / ways;
    const clip = attrs["clip"] === null ? Number.POSITIVE_INFINITY : numberOf(attrs, "clip");
    const sequence = new Float64Array(batch * steps * ways * hidden);
    const last = new Float64Array(batch * ways * hidden);
    const cells = new Float64Array(batch * ways * hidden);
    for (let way = 0; way < ways; way++) {
      const own = rest.slice(states + way * perWay, states + (way + 1) * perWay);
      const [w, r] = own;
      const [bw, br] = attrs["bias"] ? own.slice(2, 4) : [];
      const peep = attrs["peephole"] ? own.at(-1) : undefined;
      const free = (i: number, v: number): number => functions[way * perList + i]?.(v) ?? Number.NaN;
      const act = (i: number, v: number): number => free(i, Math.min(clip, Math.max(-clip, v)));
      const isBack = attrs["direction"] === "reverse" || way === 1;
      for (let n = 0; n < batch; n++) {
        const first = (i: number, j: number): number =>
          i < states ? (rest[i]?.data[(n * ways + way) * hidden + j] ?? 0) : 0;
        let line: Line = {
          h: Array.from({ length: hidden }, (_, j) => first(0, j)),
          c: Array.from({ length: hidden }, (_, j) => first(1, j)),
        };
        for (let i = 0; i < steps; i++) {
          const t = isBack ? steps - 1 - i : i;
          const row = (k: number): number => {
            let sum = bw?.data[k] ?? 0;
            for (let f = 0; f < features; f++)
              sum += (x.data[(n * steps + t) * features + f] ?? 0) * (w?.data[k * features + f] ?? 0);
            return kept(op, sum);
          };
          const recur = (k: number, of: readonly number[]): number =>
            kept(
              op,
              of.reduce((sum, v, j) => sum + v * (r?.data[k * hidden + j] ?? 0), br?.data[k] ?? 0),
            );
          line = next(kind, line, { hidden, row, recur, act, free, peep, attrs });
          line.h.forEach((v, j) => {
            sequence[((n * steps + t) * ways + way) * hidden + j] = v;
          });
        }
        line.h.forEach((v, j) => {
          last[(n * ways + way) * hidden + j] = v;
          cells[(n * ways + way) * hidden + j] = line.c[j] ?? 0;
        });
      }
    }
    if (attrs["gives"] === "sequence") return ndarray([batch, steps, ways * hidden], sequence);
    return ndarray([batch, ways, hidden], attrs["gives"] === "cell" ? cells : last);
  };
}

interface Step {
  readonly hidden: number;
  /** What arrives at a row of all gates. */
  row(k: number): number;
  /** What a state adds to it. */
  recur(k: number, of: readonly number[]): number;
  act(i: number, v: number): number;
  /** The same of what arrives at no gate, which is not clipped. */
  free(i: number, v: number): number;
  readonly peep: NdArray | undefined;
  readonly attrs: Attrs;
}

function next(kind: "lstm" | "gru" | "rnn", { h, c }: Line, s: Step): Line {
  const all = Array.from({ length: s.hidden }, (_, j) => j);
  const gate = (k: number, j: number): number => s.row(k * s.hidden + j) + s.recur(k * s.hidden + j, h);
  const seen = (k: number, j: number): number => s.peep?.data[k * s.hidden + j] ?? 0;
  if (kind === "rnn") return { h: all.map((j) => s.act(0, gate(0, j))), c };
  if (kind === "gru") {
    const r = all.map((j) => s.act(0, gate(0, j)));
    const reset = h.map((v, j) => v * (r[j] ?? 0));
    return {
      c,
      h: all.map((j) => {
        const z = s.act(0, gate(1, j));
        const k = 2 * s.hidden + j;
        const more = s.attrs["resetAfter"] ? (r[j] ?? 0) * s.recur(k, h) : s.recur(k, reset);
        const n = s.act(1, s.row(k) + more);
        return (1 - z) * n + z * (h[j] ?? 0);
      }),
    };
  }
  const cell = all.map((j) => {
    const before = c[j] ?? 0;
    const i = s.act(0, gate(0, j) + seen(0, j) * before);
    const f = s.attrs["coupled"] ? 1 - i : s.act(0, gate(1, j) + seen(1, j) * before);
    return f * before + i * s.act(1, gate(2, j));
  });
  return {
    c: cell,
    h: all.map((j) => {
      const now = cell[j] ?? 0;
      return s.act(0, gate(3, j) + seen(2, j) * now) * s.free(2, now);
    }),
  };
}
