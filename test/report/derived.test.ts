/** Costs and receptive fields against counting by hand: every read of every output position is followed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { must } from "../../compiler/errors.ts";
import type { Atom, Axis, Expr, Index } from "../../compiler/ir/expr.ts";
import type { Node, OpNode } from "../../compiler/ir/graph.ts";
import { newAxis } from "../../compiler/math/affine.ts";
import { ops } from "../../compiler/ops/index.ts";
import { costOf, meaning } from "../../compiler/report/cost.ts";
import { type Field, isKnown, receptiveFields } from "../../compiler/report/receptive.ts";
import { apply, chain, graphOf, last, source } from "./build.ts";

type Env = ReadonlyMap<Axis, number>;

function indexAt(index: Index, env: Env): number {
  const atom = (a: Atom): number => {
    if (a.kind === "axis") return must(env.get(a), "axis");
    if (a.kind === "lookup") throw new Error("no op of this test looks numbers up");
    const of = indexAt(a.of, env);
    return a.kind === "div" ? Math.floor(of / a.by) : ((of % a.by) + a.by) % a.by;
  };
  return index.terms.reduce((sum, t) => sum + t.coefficient * atom(t.atom), index.constant);
}

function positions(axes: readonly Axis[]): readonly (readonly number[])[] {
  return axes.reduce<readonly (readonly number[])[]>(
    (list, axis) => list.flatMap((p) => Array.from({ length: axis.extent as number }, (_, i) => [...p, i])),
    [[]],
  );
}

const bind = (env: Env, axes: readonly Axis[], at: readonly number[]): Env =>
  new Map([...env, ...axes.map((a, i): [Axis, number] => [a, at[i] ?? 0])]);

/** Visits every element that an expression reads. */
function forEachRead(e: Expr, env: Env, visit: (node: Node, at: readonly number[]) => void): void {
  switch (e.kind) {
    case "load":
      visit(
        e.from,
        e.index.map((i) => indexAt(i, env)),
      );
      break;
    case "call":
      for (const a of e.args) forEachRead(a, env, visit);
      break;
    case "reduce":
      for (const p of positions(e.axes)) forEachRead(e.body, bind(env, e.axes, p), visit);
      break;
    case "guard": {
      const inside = e.bounds.every(({ index, extent }) => {
        const i = indexAt(index, env);
        return i >= 0 && i < (extent as number);
      });
      forEachRead(inside ? e.then : e.otherwise, env, visit);
    }
  }
}

/** Rows of the input that one position of a node depends on. */
function rowsOf(
  node: Node,
  at: readonly number[],
  input: Node,
  known: Map<string, ReadonlySet<number>>,
): ReadonlySet<number> {
  if (node === input) return new Set([must(at[2], "row")]);
  if (node.kind !== "op") return new Set();
  const key = `${node.origin.name}:${at}`;
  const before = known.get(key);
  if (before) return before;
  const { expr, at: axes } = meaning(node);
  const rows = new Set<number>();
  forEachRead(expr, bind(new Map(), axes, at), (from, index) => {
    for (const row of rowsOf(from, index, input, known)) rows.add(row);
  });
  known.set(key, rows);
  return rows;
}

const small = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  fc.record({
    op: fc.constant("conv2d" as const),
    kernel: small,
    stride: small,
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    op: fc.constant("maxPool2d" as const),
    kernel: fc.integer({ min: 2, max: 3 }),
    stride: small,
    padding: fc.integer({ min: 0, max: 1 }),
  }),
  fc.record({ op: fc.constant("sigmoid" as const) }),
  fc.record({ op: fc.constant("residual" as const) }),
);

describe("receptive fields", () => {
  it("are what following every read gives", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 7, max: 13 }),
        fc.boolean(),
        (steps, size, dense) => {
          const image = source("image", [1, 1, size, 1]);
          let node: Node = image;
          const add = (
            op: Parameters<typeof apply>[0],
            operands: readonly Node[],
            options?: unknown,
          ): void => {
            node = apply(op, `n${made++}`, operands, options);
          };
          let made = 0;
          try {
            for (const { op, ...o } of steps) {
              if (op === "sigmoid") add(ops.sigmoid, [node]);
              else if (op === "residual") {
                const from: Node = node;
                add(ops.conv2d, [from], { out: 1, kernel: [3, 1], padding: [1, 0] });
                add(ops.add, [node, from]);
              } else {
                const {
                  kernel,
                  stride,
                  padding,
                  dilation = 1,
                } = o as { kernel: number; stride: number; padding: number; dilation?: number };
                const window = {
                  kernel: [kernel, 1],
                  stride: [stride, 1],
                  padding: [padding, 0],
                  dilation: [dilation, 1],
                };
                add(ops[op], [node], op === "conv2d" ? { out: 1, ...window } : window);
              }
            }
            if (dense) {
              add(ops.flatten, [node]);
              add(ops.linear, [node], { out: 1 });
            }
          } catch {
            return; // a window that does not fit
          }
          const graph = graphOf("m", [image], node);
          // A window whose taps all lie in the padding sees nothing.
          const field: Field = receptiveFields(graph).get(node) ?? {
            input: "image",
            size: [0],
            stride: [0],
            offset: [0],
          };
          if (!isKnown(field)) throw new Error(field.unknown);
          const [length, stride, offset] = [field.size[0] ?? 0, field.stride[0] ?? 0, field.offset[0] ?? 0];
          const known = new Map<string, ReadonlySet<number>>();
          for (const at of positions(node.type.shape.map((extent) => newAxis("", extent)))) {
            const rows = rowsOf(node, at, image, known);
            const low = offset + stride * (at[2] ?? 0);
            for (const row of rows) {
              expect(row).toBeGreaterThanOrEqual(low);
              expect(row).toBeLessThan(low + length);
            }
            // Where the padding is out of sight, both ends of the field are read.
            if (stride === 0 || low < 0 || low + length > size) continue;
            expect(rows.has(low)).toBe(true);
            expect(rows.has(low + length - 1)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function cost(node: Node): { macs: number; flops: number } {
  const { macs, flops } = costOf(node as OpNode); // every node here is an op
  return { macs: macs.fixed + macs.perBatch, flops: flops.fixed + flops.perBatch };
}

describe("costs", () => {
  const image = source("image", ["N", 6, 15, 13]);
  it("conv2d: N·O·H·W · C·KH·KW, additions of the bias apart", () => {
    const y = apply(ops.conv2d, "y", [image], { out: 8, kernel: [3, 5], stride: 2, padding: 1 });
    const [, , h, w] = y.type.shape as readonly number[];
    const outputs = 8 * (h ?? 0) * (w ?? 0);
    expect(cost(y)).toEqual({ macs: outputs * 6 * 15, flops: 2 * outputs * 6 * 15 + outputs });
  });
  it("groups divide the cost", () => {
    const y = apply(ops.conv2d, "y", [image], { out: 6, kernel: 3, groups: 6, bias: false });
    expect(cost(y).macs).toBe(6 * 13 * 11 * 9);
  });
  it("linear over the last dimension", () => {
    expect(cost(apply(ops.linear, "y", [source("x", ["N", 7, 20])], { out: 5 })).macs).toBe(7 * 20 * 5);
  });
  it("matmul", () => {
    expect(cost(apply(ops.matmul, "y", [source("a", ["N", 4, 6]), source("b", [6, 5])])).macs).toBe(
      4 * 6 * 5,
    );
  });
  it("elementwise: one application per element", () => {
    expect(cost(apply(ops.sigmoid, "y", [image]))).toEqual({ macs: 0, flops: 6 * 15 * 13 });
  });
  it("pooling and softmax have no products of two tensors", () => {
    expect(cost(apply(ops.avgPool2d, "y", [image], { kernel: 3 })).macs).toBe(0);
    expect(cost(apply(ops.softmax, "y", [source("x", ["N", 10])], {})).macs).toBe(0);
  });
  it("softmax computes each row's maximum and sum once", () => {
    const { flops } = cost(apply(ops.softmax, "y", [source("x", ["N", 10])], {}));
    expect(flops).toBeLessThanOrEqual(8 * 10);
  });
  it("reshapes are free", () => {
    expect(cost(last(chain(image, ["f", ops.flatten])))).toEqual({ macs: 0, flops: 0 });
  });
});
