/** Receptive fields by kind of op, and against what one changed pixel changes: known ones are right, others say so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as w from "../../compiler/dsl/index.ts";
import { N } from "../../compiler/dsl/index.ts";
import { must } from "../../compiler/errors.ts";
import { type Field, isKnown, movingDims, receptiveFields } from "../../compiler/report/receptive.ts";
import { shapeText } from "../../compiler/report/render.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { type Arrays, forEachPosition, type NdArray, random, randomArray } from "../oracle/array.ts";
import { evaluate } from "../oracle/oracle.ts";

const image = w.input("image", [N, 3, 12, 10]) as w.Tensor;
const untyped = (value: unknown): never => value as never;

function fieldOf(y: w.Tensor, inputs: Readonly<Record<string, w.Tensor>> = { image }): Field {
  const { graph } = w.model("m", inputs, untyped({ y }));
  const [output] = graph.outputs;
  return must(output && receptiveFields(graph).get(output.node), "field");
}

/** `3×3 /1 −1`; for an unknown one the layer since which it is. */
function shown(y: w.Tensor, inputs?: Readonly<Record<string, w.Tensor>>): string {
  const field = fieldOf(y, inputs);
  return isKnown(field)
    ? `${field.size.join("×")} /${field.stride.join("×")} ${field.offset.join(",")}`
    : `? ${field.since}`;
}

type Op = (...operands: readonly w.Tensor[]) => w.Tensor;
const own = (
  name: string,
  shape: (s: readonly w.Shape[]) => unknown,
  value: (c: w.ValueContext) => unknown,
): Op => untyped(w.defineOp(untyped({ name, shape: (s: readonly w.Shape[]) => shape(s), value })));
const sized =
  (h: (n: number) => number) =>
  ([s]: readonly w.Shape[]) => [s?.[0], s?.[1], h(Number(s?.[2])), s?.[3]];
/** Each row twice. */
const doubled = own(
  "doubled",
  sized((h) => 2 * h),
  ({ at: [n, c, i, j], inputs: [x] }) => x?.at(n, c, i.over(2), j),
);
/** Every other row. */
const thinned = own(
  "thinned",
  sized((h) => h / 2),
  ({ at: [n, c, i, j], inputs: [x] }) => x?.at(n, c, i.times(2), j),
);
const flipped = own(
  "flipped",
  sized((h) => h),
  ({ at: [n, c, i, j], inputs: [x] }) => x?.at(n, c, i.times(-1).plus(11), j),
);
/** Of each two rows after one another, and then one is left out. */
const leaping = own(
  "leaping",
  sized(() => 8),
  ({ at: [n, c, i, j], inputs: [x] }) => x?.at(n, c, i.plus(i.over(2)), j),
);
/** The upper half, and nothing below it. */
const masked = own(
  "masked",
  sized((h) => h),
  ({ at: [n, c, i, j], inputs: [x] }) => x?.at(n, c, i, j).times(i.value().less(6)),
);
/** The sum of a diagonal. */
const diagonal = own(
  "diagonal",
  ([s]) => [s?.[0], s?.[1]],
  ({ at: [n, c], inputs: [x], axis, sumOver }) => {
    const u = axis(10);
    return sumOver(u, must(x, "x").at(n, c, u, u));
  },
);

describe("receptive fields by kind of op", () => {
  const conv = (x: w.Tensor, more: object): w.Tensor => w.conv2d(x, untyped({ out: 2, kernel: 3, ...more }));
  const all = "12×10 /0×0 0,0";
  const cases: readonly (readonly [name: string, found: () => string, expected: string])[] = [
    ["a convolution", () => shown(conv(image, { padding: 1 })), "3×3 /1×1 -1,-1"],
    ["dilation", () => shown(conv(image, { dilation: 2 })), "5×5 /1×1 0,0"],
    ["stride, then a window", () => shown(conv(conv(image, { stride: 2 }), {})), "7×7 /2×2 0,0"],
    ["groups", () => shown(conv(conv(image, { out: 3 }), { out: 3, groups: 3 })), "5×5 /1×1 0,0"],
    ["pooling", () => shown(w.maxPool2d(image, { kernel: 2 })), "2×2 /2×2 0,0"],
    ["global pooling", () => shown(w.globalAvgPool2d(image)), all],
    ["pointwise", () => shown(w.sigmoid(w.add(image, 1))), "1×1 /1×1 0,0"],
    ["batch normalisation", () => shown(w.batchNorm2d(image)), "1×1 /1×1 0,0"],
    ["a norm over the last axis", () => shown(w.layerNorm(image)), "1×10 /1×0 0,0"],
    ["softmax over channels", () => shown(w.softmax(image, { axis: 1 })), "1×1 /1×1 0,0"],
    ["softmax over a row", () => shown(w.softmax(image)), "1×10 /1×0 0,0"],
    ["a sum over an axis", () => shown(w.sum(image, { axis: 2 })), "12×1 /0×1 0,0"],
    ["pad", () => shown(w.pad(image, { padding: 2 })), "1×1 /1×1 -2,-2"],
    ["some of the channels", () => shown(w.slice(image, { start: 1 })), "1×1 /1×1 0,0"],
    [
      "a convolution of the lower rows",
      () => shown(conv(w.slice(image, { axis: 2, start: 4 }), {})),
      "3×3 /1×1 4,0",
    ],
    [
      "a product of channels that were cut",
      () => shown(w.mul(...w.split(conv(image, { out: 4 }), { parts: 2 }))),
      "3×3 /1×1 0,0",
    ],
    [
      "columns that were cut and joined in another order",
      () => shown(w.concat(w.split(image, { axis: 3, sizes: [4, 6] }).toReversed(), { axis: 3 })),
      "? concat1",
    ],
    ["transposed rows and columns", () => shown(w.transpose(image)), "1×1 /1×1 0,0"],
    ["a residual", () => shown(w.add(conv(image, { out: 3, padding: 1 }), image)), "3×3 /1×1 -1,-1"],
    [
      "branches along the channels: the largest",
      () => shown(w.concat([conv(image, { padding: 1 }), image] as never)),
      "3×3 /1×1 -1,-1",
    ],
    ["branches along the height", () => shown(w.concat([image, image] as never, { axis: 2 })), "? concat1"],
    ["flatten", () => shown(w.flatten(image)), "? flatten1"],
    ["flatten of one pixel", () => shown(w.flatten(w.globalAvgPool2d(image))), all],
    ["linear behind flatten", () => shown(w.linear(w.flatten(image), { out: 4 })), all],
    ["linear over the last axis", () => shown(w.linear(image, { out: 4 })), "1×10 /1×0 0,0"],
    ["rows and columns as one axis", () => shown(w.reshape(image, [N, 3, 120])), "? reshape1"],
    ["another axis of one", () => shown(w.reshape(image, [N, 1, 3, 12, 10])), "1×1 /1×1 0,0"],
    ["a mix of rows and columns", () => shown(w.reshape(image, [N, 3, 10, 12])), "? reshape1"],
    ["a mean over a mix", () => shown(w.mean(w.reshape(image, [N, 3, 10, 12]), { axis: [2, 3] })), all],
    [
      "a mean over half of a mix",
      () => shown(w.mean(w.reshape(image, [N, 3, 10, 12]), { axis: 3 })),
      "? reshape1",
    ],
    ["rows twice, an op of one's own", () => shown(doubled(image)), "? doubled1"],
    ["a convolution behind it", () => shown(conv(doubled(image), {})), "? doubled1"],
    ["global pooling behind it", () => shown(w.globalAvgPool2d(doubled(image))), all],
    ["every other row, an op of one's own", () => shown(thinned(image)), "1×1 /2×1 0,0"],
    ["rows in reverse", () => shown(flipped(image)), "? flipped1"],
    ["rows at uneven distances", () => shown(leaping(image)), "? leaping1"],
    ["a mask of positions", () => shown(masked(image)), "? masked1"],
    ["a diagonal", () => shown(diagonal(image)), "10×10 /0×0 0,0"],
  ];
  it.each(cases)("%s", (_, found, expected) => {
    expect(found()).toBe(expected);
  });

  it("rows of a product see the rows of both operands", () => {
    const x = w.input("x", [N, 6, 4]);
    const scores = w.matmul(x, w.transpose(x) as never) as w.Tensor;
    expect(shown(scores, { x })).toBe("? matmul1");
    expect(shown(w.matmul(w.softmax(scores) as never, x as never) as w.Tensor, { x })).toBe("6×4 /0×0 0,0");
  });
});

describe("unknown fields are said to be so", () => {
  it("in text and in JSON", () => {
    const features = w.flatten(image) as w.Tensor;
    const table = shapeTable(
      w.model("m", { image }, untyped({ features, y: w.linear(untyped(features), { out: 4 }) })).graph,
    );
    expect(shapeText(table)).toMatchInlineSnapshot(`
      "m: image [N, 3, 12, 10] → features [N, 360], y [N, 4]

      layer     operation       output    params  kernel
      flatten1  flatten         [N, 360]       –  –
      linear1   linear 360 → 4  [N, 4]     1,444  –

      layer     output size     MACs  bytes  field
      flatten1  3·12·10 = 360      –  1,440  ?
      linear1                  1,440     16  12×10 /– 0

      1,444 parameters · 1,440 multiply-adds (MACs) per example
      field: size /stride offset of what one element sees of the input
      field ?: what one element sees is no window that moves with its position
      "
    `);
    expect(JSON.parse(JSON.stringify(table.layers[0])).receptiveField).toMatchInlineSnapshot(`
      {
        "input": "image",
        "since": "flatten1",
        "unknown": "what one element sees is no window that moves with its position",
      }
    `);
  });
});

/** A layer of a drawn network; `size` and `step` are [height, width]. */
interface Drawn {
  readonly kind: "conv" | "maxPool" | "avgPool" | "relu" | "residual" | "branches" | "pad";
  readonly size: readonly [number, number];
  readonly step: readonly [number, number];
  readonly dilation: number;
  readonly padding: number;
}

const between = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom("conv", "maxPool", "avgPool", "relu", "residual", "branches", "pad"),
  size: fc.tuple(between(1, 3), between(1, 3)),
  step: fc.tuple(between(1, 2), between(1, 2)),
  dilation: between(1, 2),
  padding: between(0, 1),
});

function grown(x: w.Tensor, { kind, size, step, dilation, padding }: Drawn): w.Tensor {
  const conv = (more: object): w.Tensor => w.conv2d(x, untyped({ out: 2, kernel: 1, ...more }));
  const window = { kernel: size, stride: step };
  switch (kind) {
    case "conv":
      return conv({ ...window, dilation, padding });
    case "maxPool":
      return w.maxPool2d(x, untyped({ ...window, padding: size.includes(1) ? 0 : padding }));
    case "avgPool":
      return w.avgPool2d(x, untyped(window));
    case "relu":
      return w.relu(x);
    case "residual":
      return w.add(conv({}), untyped(conv({ kernel: 3, dilation, padding: dilation })));
    case "branches":
      return w.concat(untyped([conv({}), conv({ kernel: [3, 1], padding: [1, 0] })]));
    case "pad":
      return w.pad(x, untyped({ padding: [padding, 0, 0, padding] }));
  }
}

/** Its third layer has one column, and both of its taps are beside it: nothing of the input is seen. */
const PADDING_ALONE: Drawn[] = [
  { kind: "conv", size: [1, 1], step: [1, 2], dilation: 1, padding: 0 },
  { kind: "conv", size: [1, 3], step: [1, 2], dilation: 1, padding: 0 },
  { kind: "conv", size: [1, 2], step: [1, 1], dilation: 2, padding: 1 },
  { kind: "conv", size: [1, 1], step: [1, 1], dilation: 1, padding: 0 },
];

/** What each element of y depends on, by trying: rows and columns of the pixels whose change changes it. */
function tried(y: w.Tensor, input: w.Tensor): readonly (readonly (readonly [number, number])[])[] {
  const { graph } = w.model("m", { input }, untyped({ y }));
  const next = random(7);
  // With weights above 0 a pixel that gets much brighter makes every element brighter that sees it.
  const params: Arrays = Object.fromEntries(
    graph.nodes.flatMap((n) =>
      n.kind === "param"
        ? [[n.origin.name, randomArray(n.type.shape as readonly number[], next, 0.5, 1)]]
        : [],
    ),
  );
  const shape = input.shape as readonly number[];
  const picture = randomArray(shape, next, 0, 1);
  const run = (data: Float64Array): NdArray =>
    must(evaluate(graph, { input: { shape, data } }, params)["y"], "y");
  const before = run(picture.data);
  const seen = Array.from(before.data, (): [number, number][] => []);
  forEachPosition(shape, (at, i) => {
    const after = run(picture.data.with(i, 1e6));
    for (const [k, pixels] of seen.entries())
      if (after.data[k] !== before.data[k]) pixels.push([at[2] ?? 0, at[3] ?? 0]);
  });
  return seen;
}

describe("receptive fields of drawn networks", () => {
  it("are what one changed pixel changes", () => {
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(drawn, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("nothing", "linear", "mean"),
        (layers, end) => {
          const input = w.input("input", [1, 1, 9, 8]) as w.Tensor;
          let y = input;
          try {
            for (const layer of layers) y = grown(y, layer);
          } catch {
            return; // a window that does not fit
          }
          if (end === "linear") y = w.linear(w.flatten(y) as never, { out: 2 });
          if (end === "mean") y = w.globalAvgPool2d(y);
          const field = fieldOf(y, { input });
          if (!isKnown(field)) throw new Error(field.unknown); // each is made of windows
          const { graph } = w.model("m", { input }, untyped({ y }));
          const moving = must(
            movingDims(graph).get(must(graph.outputs[0], "output").node),
            "moving dimensions",
          );
          const seen = tried(y, input);
          /** By what moves the window: channels may see less. */
          const together = new Map<
            string,
            { at: readonly number[]; pixels: (readonly [number, number])[] }
          >();
          forEachPosition(y.shape as readonly number[], (at, i) => {
            const place = moving.map((d) => at[d] ?? 0);
            const entry = together.get(`${place}`) ?? { at: place, pixels: [] };
            entry.pixels.push(...(seen[i] ?? []));
            together.set(`${place}`, entry);
          });
          for (const { at, pixels } of together.values()) {
            const box = [0, 1].map((axis) => {
              const from = (field.offset[axis] ?? 0) + (field.stride[axis] ?? 0) * (at[axis] ?? 0);
              return [from, from + (field.size[axis] ?? 0) - 1] as const;
            });
            const inside = box.every(
              ([from, to], axis) => from >= 0 && to < (input.shape[2 + axis] as number),
            );
            for (const [axis, [from, to]] of box.entries()) {
              const places = pixels.map((p) => p[axis] ?? 0);
              if (places.length === 0) continue;
              const [least, most] = [Math.min(...places), Math.max(...places)];
              expect(least).toBeGreaterThanOrEqual(from);
              expect(most).toBeLessThanOrEqual(to);
              // Windows whose every tap is in a padding see nothing of the picture.
              if (inside) expect([least, most]).toEqual([from, to]);
            }
            kinds.set(`${end} ${inside}`, (kinds.get(`${end} ${inside}`) ?? 0) + 1);
          }
        },
      ),
      { numRuns: 150, examples: [[PADDING_ALONE, "nothing"]] },
    );
    expect(
      Math.min(
        ...["nothing true", "nothing false", "linear true", "mean true"].map((k) => kinds.get(k) ?? 0),
      ),
    ).toBeGreaterThan(5);
  });
});
