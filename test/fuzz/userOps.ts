/** Ops that a model file defines itself: as text, which the file shows, and what they mean in plain numbers. */
import * as dsl from "../../compiler/dsl/index.ts";
import { build, get, type NdArray } from "../oracle/array.ts";
import { numberOf, type Op } from "../oracle/op.ts";
import type { Meaning } from "../oracle/oracle.ts";

interface UserOp {
  /** JavaScript; `defineOp` is what it needs. */
  readonly text: string;
  readonly meaning: Meaning;
}

function operand(op: Op, i: number): NdArray {
  const x = op.inputs[i];
  if (!x) throw new Error(`operand ${i} is missing`);
  return x;
}

/** The last axis of x with f applied to positions along it. */
function alongLast(
  x: NdArray,
  size: number,
  f: (read: (at: number) => number, at: number) => number,
): NdArray {
  const lead = x.shape.slice(0, -1);
  return build([...lead, size], (at) => {
    const head = at.slice(0, -1);
    return f((i) => get(x, [...head, i]), at.at(-1) ?? 0);
  });
}

const lastOf = (x: NdArray): number => x.shape.at(-1) ?? 1;

export const userOps: Readonly<Record<string, UserOp>> = {
  /** Many operands of one shape. */
  blend: {
    text: `defineOp({
  name: "blend",
  shape: ([x]) => x,
  value: ({ at, inputs, options }) => {
    const here = inputs[0].shape.map((_, d) => at[d]);
    return inputs.map((x, i) => x.at(...here).times(options.by + i)).reduce((a, b) => a.plus(b));
  },
})`,
    meaning: (op) =>
      build(operand(op, 0).shape, (at) =>
        op.inputs.reduce((a, x, i) => a + get(x, at) * (numberOf(op.attrs, "by") + i), 0),
      ),
  },
  /** A bend with two constants. */
  bend: {
    text: `defineOp({
  name: "bend",
  shape: ([x]) => x,
  value: ({ at, inputs: [x], options }) => {
    const v = x.at(...x.shape.map((_, d) => at[d]));
    return v.less(options.knee).choose(v.minus(options.knee).times(options.slope).plus(options.knee), v);
  },
})`,
    meaning: (op) => {
      const [knee, slope] = [numberOf(op.attrs, "knee"), numberOf(op.attrs, "slope")];
      const x = operand(op, 0);
      return { shape: x.shape, data: x.data.map((v) => (v < knee ? knee + (v - knee) * slope : v)) };
    },
  },
  /** Neighbours along the last axis, and a number where there is none. */
  shifted: {
    text: `defineOp({
  name: "shifted",
  shape: ([x]) => x,
  value: ({ at, inputs: [x], options }) => {
    const here = x.shape.map((_, d) => at[d]);
    return x.atOr(options.otherwise, ...here.slice(0, -1), here.at(-1).minus(options.by));
  },
})`,
    meaning: (op) => {
      const [by, otherwise] = [numberOf(op.attrs, "by"), numberOf(op.attrs, "otherwise")];
      const x = operand(op, 0);
      return alongLast(x, lastOf(x), (read, i) =>
        i - by >= 0 && i - by < lastOf(x) ? read(i - by) : otherwise,
      );
    },
  },
  /** Sums over a window of the last axis. */
  windowed: {
    text: `defineOp({
  name: "windowed",
  shape: ([x], { size }) => [...x.slice(0, -1), x.at(-1) - size + 1],
  value: ({ at, inputs: [x], options, axis, sumOver }) => {
    const here = x.shape.map((_, d) => at[d]);
    const u = axis(options.size);
    return sumOver(u, x.at(...here.slice(0, -1), here.at(-1).plus(u))).times(options.scale);
  },
})`,
    meaning: (op) => {
      const [size, scale] = [numberOf(op.attrs, "size"), numberOf(op.attrs, "scale")];
      const x = operand(op, 0);
      return alongLast(x, lastOf(x) - size + 1, (read, i) => {
        let sum = 0;
        for (let u = 0; u < size; u++) sum += read(i + u);
        return sum * scale;
      });
    },
  },
  /** Products with the rows of a matrix: the columns of the result go along its first axis. */
  rows: {
    text: `defineOp({
  name: "rows",
  shape: ([x, p]) => [...x.slice(0, -1), p[0]],
  value: ({ at, inputs: [x, p], options, axis, sumOver }) => {
    const here = x.shape.map((_, d) => at[d]);
    const k = axis(p.shape[1]);
    return sumOver(k, x.at(...here.slice(0, -1), k).times(p.at(here.at(-1), k))).times(options.scale);
  },
})`,
    meaning: (op) => {
      const [x, p] = [operand(op, 0), operand(op, 1)];
      return alongLast(x, p.shape[0] ?? 0, (read, o) => {
        let sum = 0;
        for (let k = 0; k < lastOf(x); k++) sum += read(k) * get(p, [o, k]);
        return sum * numberOf(op.attrs, "scale");
      });
    },
  },
};

/** The oracle's meanings of all of them. */
export const userMeanings: Readonly<Record<string, Meaning>> = Object.fromEntries(
  Object.entries(userOps).map(([name, op]) => [name, op.meaning]),
);

const made = new Map<string, unknown>();

/** What a model file calls by this name: an op of the language, or one that it defines. */
export function opNamed(name: string): (...args: readonly unknown[]) => dsl.Tensor {
  const own = userOps[name];
  if (own && !made.has(name)) made.set(name, new Function("defineOp", `return ${own.text}`)(dsl.defineOp));
  const f = own ? made.get(name) : (dsl as Readonly<Record<string, unknown>>)[name];
  if (typeof f !== "function") throw new Error(`the model language has no ${name}`);
  return f as (...args: readonly unknown[]) => dsl.Tensor; // the graph's own checks find what does not fit
}
