/** LeNet's shapes at a glance: a strip of its tensors, and the table with the formula. */
import { compile } from "../../../../compiler/compile.ts";
import { must } from "../../../../compiler/errors.ts";
import { fieldSize } from "../../../../compiler/report/receptive.ts";
import { type LayerRow, type ShapeTable, shapeTable } from "../../../../compiler/report/shapes.ts";
import { showShape } from "../../../../contract/shapes.ts";
import { h, svg } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { lenet as recipe } from "../models.ts";
import { code } from "../parts/code.ts";
import { blocks } from "../pure/strip.ts";
import type { Scene } from "../scene.ts";
import type { Topic } from "../section.ts";

const OPS: Readonly<Record<string, Words>> = {
  conv2d: { en: "convolution", zh: "卷积层" },
  sigmoid: { en: "sigmoid", zh: "sigmoid 激活" },
  avgPool2d: { en: "average pooling", zh: "平均汇聚层" },
  flatten: { en: "flatten", zh: "展平" },
  linear: { en: "dense", zh: "全连接层" },
};

export const lenet: Topic = {
  id: "lenet",
  title: { en: "LeNet’s shapes", zh: "LeNet 的形状" },
  build(scene) {
    const { program, source, rewrites } = compile(recipe.graph(), { target: scene.studio.target.value });
    const table = shapeTable(source, { program, rewrites });
    const block = code(scene);
    const kernels = program.kernels.map((k) => k.wgsl);
    block.draw(recipe.source, kernels);
    const figure = h(
      "div",
      { class: "figure" },
      h("div", { class: "scroll" }, strip(table.layers)),
      layerTable(scene, table.layers),
      footOf(scene, table),
    );
    return [scene.p(INTRODUCTION), figure, block.element];
  },
};

const INTRODUCTION: Words = {
  en: "Two blocks of convolution, sigmoid and average pooling, then three dense layers. Every size follows from the formula above: 28 → 28 (padding 2) → 14 → 10 → 5, and 16 · 5 · 5 = 400 features.",
  zh: "两个由卷积、sigmoid 和平均汇聚组成的块，后面接三个全连接层。每个大小都由上面的公式得出：28 → 28（填充 2）→ 14 → 10 → 5，最后是 16 · 5 · 5 = 400 个特征。",
};

function layerTable(scene: Scene, layers: readonly LayerRow[]): HTMLElement {
  const column = (words: Words): HTMLElement => h("th", { scope: "col" }, scene.t(words));
  const row = ({ op, output, formula, params, receptiveField }: LayerRow): HTMLElement =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, scene.t(OPS[op] ?? { en: op, zh: op })),
      h("td", { class: "mono" }, showShape(output)),
      h("td", { class: "mono" }, formula),
      h("td", { class: "figures" }, params === 0 ? "" : params.toLocaleString("en")),
      h("td", { class: "figures" }, fieldSize(receptiveField)),
    );
  const heads = h(
    "tr",
    {},
    column({ en: "layer", zh: "层" }),
    column({ en: "output", zh: "输出形状" }),
    column({ en: "formula", zh: "公式" }),
    column({ en: "parameters", zh: "参数" }),
    column({ en: "sees", zh: "感受野" }),
  );
  const attrs = { role: "group", "aria-labelledby": "lecture-lenet-title" };
  const table = h("table", { class: "shapes" }, h("thead", {}, heads), h("tbody", {}, ...layers.map(row)));
  return h("div", { class: "scroll", tabIndex: 0, attrs }, table);
}

/** What the layers come to, and the way to the whole model. */
function footOf(scene: Scene, { layers, totals }: ShapeTable): HTMLElement {
  const counts = `${totals.params.toLocaleString("en")}`;
  const dispatches = `${must(totals.dispatches, "dispatches")}`;
  const words: Words = {
    en: `${counts} parameters. Weft computes the ${layers.length} layers in ${dispatches} kernels.`,
    zh: `共 ${counts} 个参数。Weft 用 ${dispatches} 个内核算完这 ${layers.length} 层。`,
  };
  const label = scene.t({ en: "Open the Model tab →", zh: "打开“模型”标签页 →" });
  const onclick = (): void => scene.studio.show("model");
  return h(
    "div",
    { class: "row" },
    h("p", { class: "remark" }, scene.t(words)),
    h("button", { type: "button", class: "to-model", onclick }, label),
  );
}

/** The tensors as stacks of planes and bars, to scale. */
function strip(layers: readonly LayerRow[]): SVGElement {
  const shapes = [
    ["N", 1, 28, 28],
    ...layers.filter((l) => l.op !== "sigmoid" && l.op !== "flatten").map((l) => l.output),
  ];
  const { width, height, items } = blocks(shapes.map((s) => s.slice(1).map(Number)));
  return svg(
    "svg",
    { class: "strip", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, // the table says the same
    ...items.flatMap(({ x, y, planes, width, height, step, label }) => [
      ...Array.from({ length: planes }, (_, i) =>
        svg("rect", { class: "plane", x: x + i * step, y: y - i * step, width, height, rx: 1.5 }),
      ),
      svg("text", { x: x + (width + (planes - 1) * step) / 2, y: 92, "text-anchor": "middle" }, label),
    ]),
  );
}
