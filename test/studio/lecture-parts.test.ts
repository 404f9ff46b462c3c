/** What the lecture tab computes without a page: geometry, numbers, sums, and model files that say what is compiled. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { isKnown } from "../../compiler/report/receptive.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import * as models from "../../studio/tabs/lecture/models.ts";
import * as geometry from "../../studio/tabs/lecture/pure/geometry.ts";
import { highlight } from "../../studio/tabs/lecture/pure/highlight.ts";
import { pieces } from "../../studio/tabs/lecture/pure/markup.ts";
import { counting, replaced, transposed } from "../../studio/tabs/lecture/pure/matrix.ts";
import { decimals, factor, parse, show } from "../../studio/tabs/lecture/pure/numbers.ts";
import { decades, path, scaleOf } from "../../studio/tabs/lecture/pure/plot.ts";
import { remark } from "../../studio/tabs/lecture/pure/remark.ts";
import { grey, luminance, shade } from "../../studio/tabs/lecture/pure/shade.ts";
import { blocks } from "../../studio/tabs/lecture/pure/strip.ts";
import { equation, pooled, products } from "../../studio/tabs/lecture/pure/sums.ts";
import { indexOf, moved, placeOf } from "../../studio/tabs/lecture/pure/walk.ts";

const pair = (v: number): readonly [number, number] => [v, v];
const text = (tokens: readonly { readonly text: string }[]): string => tokens.map((t) => t.text).join("");

describe("sizes", () => {
  test("are those of Weft for every setting of the sliders, also where nothing fits", () => {
    let fitting = 0;
    for (let size = 1; size <= 10; size += 3)
      for (let kernel = 1; kernel <= 5; kernel++)
        for (let padding = 0; padding <= 3; padding++)
          for (let stride = 1; stride <= 4; stride++)
            for (let dilation = 1; dilation <= 3; dilation++) {
              const axis = { size, kernel, padding, stride, dilation };
              const window = {
                size,
                kernel: pair(kernel),
                padding: pair(padding),
                stride: pair(stride),
                dilation,
              };
              const { graph } = models.convolution(window);
              const said = JSON.stringify(axis);
              if (!geometry.fits(axis)) {
                expect(graph, said).toThrow(UserError);
                expect(geometry.outputs(axis), said).toBe(0);
                continue;
              }
              fitting++;
              const count = geometry.outputs(axis);
              expect(graph().outputs[0]?.node.type.shape, said).toEqual(["N", 1, count, count]);
              expect(geometry.worked(axis).at(-1), said).toBe(`${count}`);
            }
    expect(fitting).toBeGreaterThan(500);
  });

  test("put their numbers into the formula", () => {
    const axis = { size: 8, kernel: 3, padding: 1, stride: 2, dilation: 1 };
    expect(geometry.worked(axis)).toEqual(["⌊(8 + 2·1 − 1·(3 − 1) − 1)/2⌋ + 1", "⌊7/2⌋ + 1", "4"]);
    expect(geometry.worked({ ...axis, size: 1, padding: 0 })[1]).toBe("⌊−2/2⌋ + 1");
    expect(geometry.taps({ ...axis, dilation: 2 }, 1)).toEqual([2, 4, 6]);
    expect(geometry.seen({ ...axis, kernel: 1, stride: 3 }, 3)).toBe(true);
    expect(geometry.seen({ ...axis, kernel: 1, stride: 3 }, 4)).toBe(false);
  });

  test("that leave something over say so", () => {
    const axis = { size: 8, kernel: 3, padding: 0, stride: 1, dilation: 1 };
    expect(remark(axis)?.en).toBe("The windows end exactly at the border.");
    expect(remark({ ...axis, padding: 1 })?.en).toBe("The output is as large as the input.");
    expect(remark({ ...axis, stride: 2 })?.en).toMatch(/^5 is no multiple of 2: .* the last row and column /);
    expect(remark({ ...axis, stride: 3, size: 10 })?.zh).toMatch(/^7 不是 3 的倍数/);
    expect(remark({ ...axis, kernel: 1, stride: 2, size: 7 })?.en).toMatch(/leave gaps/);
    expect(remark({ ...axis, kernel: 1, stride: 2, size: 8, padding: 0, dilation: 3 })?.en).toMatch(
      /^7 is no/,
    );
    expect(remark({ ...axis, size: 2 })).toBeUndefined();
  });
});

describe("numbers", () => {
  test("are shown exactly where they are whole, else shortly", () => {
    const shown = [0, -0, 19, -1, 2.5, 1 / 3, -0.0000012, 123456789, Number.NaN].map((v) => show(v));
    expect(shown).toEqual(["0", "0", "19", "−1", "2.5", "0.3333", "−0.0000012", "1.235e+8", "–"]);
    expect([decimals(-0.00001, 2), decimals(-0.98288, 4), factor(-2)]).toEqual(["0.00", "−0.9829", "(−2)"]);
  });

  test("are read with either minus and decimal mark", () => {
    const read = ["3", "−1.5", "-1,5", ".5", "2.", "1e2", "", "x", "1e99", "- 1"].map(parse);
    expect(read).toEqual([3, -1.5, -1.5, 0.5, 2, 100, undefined, undefined, undefined, undefined]);
    expect(parse("0.1")).toBe(0.1);
  });

  test("of a window are written out", () => {
    const terms = [
      [0, 0],
      [1, 1],
      [3, -2],
    ] as const;
    expect(text(equation("Y[0, 1]", products(terms), -5))).toBe("Y[0, 1] = 0·0 + 1·1 + 3·(−2) = −5");
    expect(text(pooled("max", [1, -5]))).toBe("max(1, −5)");
    expect(text(pooled("average", [1, -5]))).toBe("(1 + (−5))/2");
  });
});

describe("tables and pictures", () => {
  test("keep their order", () => {
    expect(transposed(counting(2, 3)).data).toEqual([0, 3, 1, 4, 2, 5]);
    expect(replaced(counting(2, 2), 1, 0, 9).data).toEqual([0, 1, 9, 3]);
    expect([moved("ArrowLeft", [0, 0], 2, 2), moved("ArrowDown", [0, 1], 2, 2)]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect([moved("End", [1, 0], 2, 3), moved("a", [0, 0], 2, 2)]).toEqual([[1, 2], undefined]);
    expect(indexOf(placeOf(7, 3), 3)).toBe(7);
  });

  test("have axes that hold their values", () => {
    expect(decades([])).toEqual({ low: -2, high: 1, ticks: [-2, -1, 0, 1] });
    expect(decades([-2.5, 8.2])).toMatchObject({ low: -3, high: 9, ticks: [-3, 0, 3, 6, 9] });
    expect(
      path([
        [0, scaleOf([0, 10], [100, 0])(2.5)],
        [1, 2],
      ]),
    ).toBe("M0.0 75.0L1.0 2.0");
  });

  test("are colours: zero the page's own, the largest value the full one", () => {
    const palette = { zero: [255, 255, 255], plus: [0, 100, 0], minus: [100, 0, 100] } as const;
    expect([...shade([0, 2, -1], palette)]).toEqual([255, 255, 255, 255, 0, 100, 0, 255, 178, 128, 178, 255]);
    expect([...grey([0, 0.5])]).toEqual([0, 0, 0, 255, 128, 128, 128, 255]);
    expect(luminance(Uint8ClampedArray.of(255, 255, 255, 255, 0, 255, 0, 255))[1]).toBeCloseTo(0.7152, 4);
  });

  test("of LeNet stand beside each other", () => {
    const { items, width } = blocks([[1, 28, 28], [16, 5, 5], [120]]);
    expect(items.map((i) => [i.label, i.planes])).toEqual([
      ["1 @ 28×28", 1],
      ["16 @ 5×5", 16],
      ["120", 1],
    ]);
    for (const [i, { x }] of items.entries()) expect(x).toBeGreaterThan(items[i - 1]?.x ?? 0);
    expect(width).toBeGreaterThan(items.at(-1)?.x ?? 0);
  });
});

describe("texts", () => {
  test("have a little markup, and formulas that do not break", () => {
    expect(pieces("a `b` **c** *d* 1 − 2")).toEqual([
      { kind: "text", text: "a " },
      { kind: "code", text: "b" },
      { kind: "text", text: " " },
      { kind: "strong", text: "c" },
      { kind: "text", text: " " },
      { kind: "em", text: "d" },
      { kind: "text", text: " 1\u00a0−\u00a02" },
    ]);
  });

  test("of programs are coloured and stay the same", () => {
    const wgsl = compile(models.lenet.graph())
      .program.kernels.map((k) => k.wgsl)
      .join("\n");
    for (const code of [wgsl, models.lenet.source]) expect(text(highlight(code))).toBe(code);
    const kinds = Object.fromEntries(
      highlight('fn f(a: vec4f) { g(2.5); } // "x"').map((c) => [c.text, c.kind]),
    );
    expect(kinds).toMatchObject({
      fn: "keyword",
      f: "function",
      vec4f: "type",
      g: "function",
      "2.5": "number",
      '// "x"': "comment",
    });
  });
});

describe("a model file", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "weft-lecture-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const odd = { size: 9, kernel: [3, 2], stride: [2, 3], padding: [1, 0], dilation: 2 } as const;
  const plain = { size: 8, kernel: [3, 3], stride: [1, 1], padding: [0, 0], dilation: 1 } as const;
  const recipes: Readonly<Record<string, models.Recipe>> = {
    correlation: models.correlation(4, 3),
    edges: models.edges(2, 1),
    learned: models.learned,
    convolution: models.convolution(odd),
    "plain convolution": models.convolution(plain),
    channels: models.channels,
    "one by one": models.oneByOne,
    "max pooling": models.pooling("max", { ...odd, dilation: 1 }),
    "average pooling": models.pooling("average", { ...plain, kernel: [2, 2], stride: [2, 2] }),
    lenet: models.lenet,
  };
  /** Everything about a model but the names of its layers and where they stand. */
  const facts = (graph: Graph): unknown => {
    const { model, inputs, outputs, layers } = shapeTable(graph);
    const params = compile(graph).program.params.map(({ shape, init }) => ({ shape, init }));
    const rest = layers.map(({ name: _, source: __, receptiveField: field, ...same }) =>
      field && !isKnown(field) ? { ...same, unknown: field.input } : { ...same, field },
    );
    return { model, inputs, outputs, params, layers: rest };
  };
  test.each(Object.entries(recipes))("of %s says what the page computes", async (name, recipe) => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.ts`);
    writeFileSync(path, recipe.source);
    const { graph } = await loadModel(path);
    expect(facts(graph)).toEqual(facts(recipe.graph()));
  });
});
