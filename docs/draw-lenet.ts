/**
 * Draws the README's picture: LeNet's layers in frames, one frame for each kernel that computes them. It is drawn
 * from the compiled model, so it shows what the compiler does.
 *
 *   node scripts/run.mjs docs/draw-lenet.ts        writes docs/lenet-light.svg and docs/lenet-dark.svg
 */
import { writeFileSync } from "node:fs";
import { type Compilation, compile } from "../compiler/compile.ts";
import { must } from "../compiler/errors.ts";
import { loadModel } from "../compiler/frontend/index.ts";
import type { OpNode } from "../compiler/ir/graph.ts";
import type { Region } from "../compiler/ir/region.ts";
import { showShape } from "../contract/shapes.ts";

export type Theme = "light" | "dark";

/** Colours that keep a contrast of 4.5 : 1 or more for text on GitHub's background of the theme. */
export const COLORS: Readonly<
  Record<Theme, Readonly<Record<"text" | "soft" | "line" | "frame" | "box" | "edge", string>>>
> = {
  light: {
    text: "#1f2328",
    soft: "#59636e",
    line: "#6e7781",
    frame: "#0969da",
    box: "#ffffff",
    edge: "#d1d9e0",
  },
  dark: {
    text: "#e6edf3",
    soft: "#9198a1",
    line: "#8b949e",
    frame: "#4493f8",
    box: "#161b22",
    edge: "#3d444d",
  },
};

const COLUMN = 148;
const GAP = 30;
const MARGIN = 8;
const PAD = 9;
const LINE = 16;
const BETWEEN = 13;
const TOP = 8;
const ENDS = 84;

interface Box {
  readonly name: string;
  readonly lines: readonly string[];
}

function boxOf(node: OpNode): Box {
  const types = node.inputs.map((i) => i.type);
  const { options } = node.op.summary(node.attrs, types, node.type);
  const whole = `${node.op.name} ${options}`.trim();
  return { name: node.origin.name, lines: whole.length <= 20 ? [whole] : [node.op.name, options] };
}

const heightOf = (box: Box): number => 12 + LINE * (1 + box.lines.length);
export const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (c) => (c === "&" ? "&amp;" : c === "<" ? "&lt;" : "&gt;"));

/** The picture as an SVG document. */
export function drawKernels({ graph, steps }: Compilation, theme: Theme): string {
  const regions = steps.filter((s) => s.region.phase === "run").map((s) => s.region);
  const inner = Math.max(...regions.map(contentHeight));
  const height = TOP + PAD + inner + 20 + MARGIN;
  const width = 2 * MARGIN + 2 * ENDS + regions.length * COLUMN + (regions.length + 1) * GAP;
  const c = COLORS[theme];
  const parts: string[] = [];
  const at = (i: number): number => MARGIN + ENDS + GAP + i * (COLUMN + GAP);
  const firstBox = TOP + PAD + 20;
  const last = TOP + PAD + inner + 5;

  const input = must(graph.inputs[0], "input");
  parts.push(endLabel(MARGIN + ENDS / 2, firstBox, input.name, showShape(input.node.type.shape)));
  parts.push(arrow(`M${MARGIN + ENDS + 2} ${firstBox + 14} H${at(0) - 3}`));
  regions.forEach((region, i) => {
    parts.push(frame(region, i, at(i), inner));
    const from = at(i) + COLUMN;
    const middle = from + GAP / 2;
    if (i + 1 < regions.length)
      parts.push(arrow(`M${from} ${last} H${middle} V${firstBox + 14} H${at(i + 1) - 3}`));
    else parts.push(arrow(`M${from} ${last} H${from + GAP - 3}`));
  });
  const output = must(graph.outputs[0], "output");
  parts.push(
    endLabel(
      at(regions.length - 1) + COLUMN + GAP + ENDS / 2,
      last - 14,
      output.name,
      showShape(output.node.type.shape),
    ),
  );
  const layers = regions.reduce((a, r) => a + r.nodes.length, 0);
  const title = `${graph.name}: ${layers} layers in ${regions.length} kernels`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>
text { font: 12px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: ${c.soft}; text-anchor: middle }
.name { font: 600 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: ${c.text} }
.kernel { font-weight: 600; fill: ${c.frame} }
.frame { fill: ${c.frame}; fill-opacity: .09; stroke: ${c.frame}; stroke-width: 1.5 }
.box { fill: ${c.box}; stroke: ${c.edge} }
.line { fill: none; stroke: ${c.line}; stroke-width: 1.5 }
.head { fill: ${c.line} }
</style>
${parts.join("\n")}
</svg>
`;
}

function contentHeight(region: Region): number {
  const boxes = region.nodes.map(boxOf);
  return 20 + boxes.reduce((a, b) => a + heightOf(b), 0) + BETWEEN * (boxes.length - 1) + 14;
}

function frame(region: Region, i: number, x: number, inner: number): string {
  const middle = x + COLUMN / 2;
  const bottom = TOP + PAD + inner + 20;
  const parts = [
    `<rect class="frame" x="${x}" y="${TOP}" width="${COLUMN}" height="${bottom - TOP}" rx="8"/>`,
    `<text class="kernel" x="${middle}" y="${TOP + 19}">kernel ${i + 1}</text>`,
    `<text x="${middle}" y="${bottom - 11}">writes ${escaped(region.results.map((r) => showShape(r.root.type.shape)).join(", "))}</text>`,
  ];
  let y = TOP + PAD + 20;
  region.nodes.forEach((node, n) => {
    const box = boxOf(node);
    if (n > 0) {
      parts.push(arrow(`M${middle} ${y - BETWEEN + 1} V${y - 3}`));
    }
    parts.push(
      `<rect class="box" x="${x + PAD}" y="${y}" width="${COLUMN - 2 * PAD}" height="${heightOf(box)}" rx="5"/>`,
      `<text class="name" x="${middle}" y="${y + 18}">${escaped(box.name)}</text>`,
      ...box.lines.map(
        (line, l) => `<text x="${middle}" y="${y + 18 + LINE * (l + 1)}">${escaped(line)}</text>`,
      ),
    );
    y += heightOf(box) + BETWEEN;
  });
  return parts.join("\n");
}

function endLabel(x: number, y: number, name: string, shape: string): string {
  return `<text class="name" x="${x}" y="${y + 11}">${escaped(name)}</text>\n<text x="${x}" y="${y + 27}">${escaped(shape)}</text>`;
}

/** A line that ends in a head, to the right or down. */
function arrow(path: string): string {
  const end = must(/([HV])([\d.]+)$/.exec(path), "end of a path");
  const points = [...path.matchAll(/[MHV]([\d.]+)(?: ([\d.]+))?/g)];
  let [x, y] = [0, 0];
  for (const [text, a, b] of points) {
    if (text.startsWith("M")) [x, y] = [Number(a), Number(b)];
    else if (text.startsWith("H")) x = Number(a);
    else y = Number(a);
  }
  const head = end[1] === "H" ? `M${x + 2} ${y} l-7 -4 v8 z` : `M${x} ${y + 2} l-4 -7 h8 z`;
  return `<path class="line" d="${path}"/><path class="head" d="${head}"/>`;
}

/** The picture of a model file. */
export async function drawModel(file: string, theme: Theme): Promise<string> {
  const { graph } = await loadModel(file);
  return drawKernels(compile(graph), theme);
}

if (process.argv[1]?.endsWith("draw-lenet.ts")) {
  for (const theme of ["light", "dark"] as const)
    writeFileSync(`docs/lenet-${theme}.svg`, await drawModel("models/lenet.ts", theme));
}
