import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { ops } from "../../compiler/ops/index.ts";
import { fusionReport, fusionSteps } from "../../compiler/report/fusion.ts";
import { graphText } from "../../compiler/report/graph.ts";
import { gridText, kernelTable, kernelText, planText } from "../../compiler/report/kernels.ts";
import {
  bytesText,
  compact,
  cutText,
  grouped,
  layoutTable,
  textWidth,
  wrapText,
} from "../../compiler/report/layout.ts";
import { shapeMarkdown, shapeText } from "../../compiler/report/render.ts";
import { shapeTable } from "../../compiler/report/shapes.ts";
import { apply, chain, graphOf, last, source } from "./build.ts";

const image = source("image", ["N", 3, 16, 16]);
const small = graphOf(
  "small",
  [image],
  last(
    chain(
      image,
      ["conv1", ops.conv2d, { out: 8, kernel: 3, padding: 1 }],
      ["norm1", ops.batchNorm2d],
      ["relu1", ops.relu],
      ["drop1", ops.dropout],
      ["pool1", ops.maxPool2d, { kernel: 2 }],
      ["conv2", ops.conv2d, { out: 4, kernel: [3, 1], stride: [2, 1] }],
      ["flat", ops.flatten],
      ["scores", ops.linear, { out: 10 }],
      ["softmax1", ops.softmax],
    ),
  ),
);
const compilation = compile(small);
const { program, rewrites } = compilation;

describe("a compiled model", () => {
  it("tells every layer's kernel, what was folded away included", () => {
    const { layers, kernels } = shapeTable(small, { program, rewrites });
    for (const layer of layers) expect(kernels).toContain(layer.kernel);
    const kernelOf = (name: string): unknown => layers.find((l) => l.name === name)?.kernel;
    expect(kernelOf("norm1")).toBe(kernelOf("conv1"));
  });
  it("gives each dispatch its decisions, with a reason for every yes and no", () => {
    const steps = fusionSteps(compilation);
    expect(steps.map((s) => s.kernel)).toEqual(
      [...program.dispatches, ...program.prepare].map((d) => program.kernels[d.kernel]?.name),
    );
    expect(steps.flatMap((s) => s.decisions).length).toBe(compilation.decisions.length);
    for (const d of steps.flatMap((s) => s.decisions)) expect(d.reason.length, d.layer).toBeGreaterThan(10);
    for (const r of rewrites) expect(fusionReport(compilation, { width: 200 })).toContain(r.text);
  });
  it("prints kernels and plan within the width that is given", () => {
    for (const width of [60, 80, 120]) {
      const texts = [
        kernelText(program, { width }),
        planText(program, { width }),
        fusionReport(compilation, { width }),
      ];
      for (const line of texts.join("\n").split("\n"))
        expect(textWidth(line), line).toBeLessThanOrEqual(width);
    }
    expect(kernelTable(program).length).toBe(program.kernels.length);
  });
  it("says when a batch exceeds the default limits", () => {
    const batch = (program.maxBatch ?? 0) + 1;
    expect(shapeTable(small, { program, batch }).totals.verdict).toMatch(
      /^exceeds WebGPU's default limits: the largest batch is [\d,]+$/,
    );
    expect(shapeTable(small, { program, batch: 1 }).totals.verdict).toMatch(
      /^fits WebGPU's default limits up to N = [\d,]+$/,
    );
  });
  it("is coloured only when asked", () => {
    const code = "\u001b[";
    expect(shapeText(shapeTable(small))).not.toContain(code);
    expect(shapeText(shapeTable(small), { color: true })).toContain(code);
  });
});

describe("names from a model", () => {
  const odd = source("x|\u001b[31m\n", ["N", 4]);
  const graph = graphOf("m\u0007", [odd], apply(ops.relu, "a|b\n", [odd]));
  it("reach no terminal as control characters", () => {
    const { program: compiled } = compile(graph);
    const texts = [
      shapeText(shapeTable(graph)),
      shapeMarkdown(shapeTable(graph)),
      graphText(graph),
      kernelText(compiled),
      planText(compiled),
    ];
    for (const text of texts) expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
  it("break no Markdown table", () => {
    const row = shapeMarkdown(shapeTable(graph)).split("\n")[2] ?? "";
    expect(row).toMatch(/^\| a\\\|b� \|/);
  });
});

describe("layout", () => {
  it("measures wide and combining characters", () => {
    expect(textWidth("画像")).toBe(4);
    expect(textWidth("é")).toBe(1);
    expect(textWidth("⌊(28 − 5)/1⌋")).toBe(12);
  });
  it("cuts at either end", () => {
    expect(cutText("block2/conv1", 8, "start")).toBe("…2/conv1");
    expect(cutText("block2/conv1", 8, "end")).toBe("block2/…");
    expect(cutText("画像画像", 6, "end")).toBe("画像…");
    expect(cutText("same", 4, "end")).toBe("same");
  });
  it("wraps between words", () => {
    expect(wrapText("one two three four", { width: 9, indent: "", hanging: "  " })).toEqual([
      "one two",
      "  three",
      "  four",
    ]);
  });
  it("aligns columns, cells of two lines included", () => {
    const columns = [{ header: "a" }, { header: "n", align: "right" as const }, { header: "c" }];
    expect(
      layoutTable(
        columns,
        [
          ["x", "1", "p\nq"],
          ["yy", "22", ""],
        ],
        { width: 80 },
      ),
    ).toEqual(["a    n  c", "x    1  p", "        q", "yy  22"]);
  });
  it("writes numbers", () => {
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([9999999, 12345678, 3.87e9, 1e13].map(compact)).toEqual([
      "9,999,999",
      "12.3 M",
      "3.9 G",
      "10.0 T",
    ]);
    expect([12, 18816, 5e6, 2e9].map(bytesText)).toEqual(["12 B", "18.8 kB", "5.0 MB", "2.0 GB"]);
    expect(
      [
        { items: 1200, batchTile: 0 },
        { items: 1, batchTile: 1 },
        { items: 5, batchTile: 4 },
      ].map(gridText),
    ).toEqual(["1,200", "N", "5·⌈N/4⌉"]);
  });
});
