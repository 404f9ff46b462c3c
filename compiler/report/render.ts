/** Draws the shape table: text for a terminal, Markdown, JSON, and the lecture's own lines. */
import { showShape } from "../../contract/shapes.ts";
import { plural } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { sizesIn, withBatch } from "../ir/type.ts";
import {
  atText,
  bytesText,
  type Column,
  compact,
  cutText,
  grouped,
  layoutTable,
  plain,
  tableWidth,
  wrapText,
} from "./layout.ts";
import { type Field, isKnown } from "./receptive.ts";
import type { LayerRow, ShapeTable } from "./shapes.ts";

export interface TextOptions {
  /** Columns of the terminal; default 80. */
  readonly width?: number;
  /** Escape codes for bold and dim; default false. */
  readonly color?: boolean;
}

const layerColumn: Column = { header: "layer", cut: "start", cutOrder: 0, keep: 14 };
const shapeColumns: readonly Column[] = [
  { header: "operation", cut: "end", cutOrder: 1 },
  { header: "output", cut: "end", cutOrder: 4 },
  { header: "params", align: "right" },
  { header: "kernel", cut: "end", cutOrder: 2 },
];
const costColumns: readonly Column[] = [
  { header: "output size", cut: "end", cutOrder: 1, dim: true },
  { header: "MACs", align: "right" },
  { header: "bytes", align: "right" },
  { header: "field", cut: "end", cutOrder: 3 },
];

/** Lines of at most `width` columns: one table where it fits, else one of shapes and one of costs. */
export function shapeText(table: ShapeTable, options: TextOptions = {}): string {
  const width = options.width ?? 80;
  const layout = { width, color: options.color ?? false };
  const named = table.layers.map((l) => shapeCells(l, kernelCell(l, table)));
  const numbered = table.layers.map((l) => shapeCells(l, kernelNumber(l, table)));
  const costs = table.layers.map((l) => costCells({ ...l, formula: l.formula.replaceAll("; ", "\n") }));
  const names = table.layers.map((l) => plain(l.name));
  const join = (...parts: readonly (readonly string[])[][]): string[][] =>
    names.map((name, i) => [name, ...parts.flatMap((p) => p[i] ?? [])]);
  const shapeTableColumns = [layerColumn, ...shapeColumns];
  const all = [...shapeTableColumns, ...costColumns];
  const shapes = tableWidth(shapeTableColumns, join(named)) <= width ? named : numbered;
  const blocks =
    tableWidth(all, join(named, costs)) <= width
      ? [layoutTable(all, join(named, costs), layout)]
      : [
          layoutTable(shapeTableColumns, join(shapes), layout),
          layoutTable([layerColumn, ...costColumns], join(costs), layout),
        ];
  const legend = shapes === numbered && table.kernels.length > 0 ? ["", ...kernelLegend(table, width)] : [];
  const clipped = (lines: readonly string[]): string[] => lines.map((line) => cutText(line, width, "end"));
  const blank = [""];
  return [
    ...titleLines(table, width),
    ...blocks.flatMap((block) => [...blank, ...block]),
    ...legend,
    ...blank,
    ...clipped(totalLines(table)),
    "",
  ].join("\n");
}

function kernelLegend(table: ShapeTable, width: number): readonly string[] {
  const list = table.kernels.map((name, i) => `${i + 1}\u00a0${name}`).join(", "); // stays on one line
  return wrapText(`kernels: ${list}`, { width, indent: "", hanging: "  " }).map((line) =>
    line.replaceAll("\u00a0", " "),
  );
}

function titleLines(table: ShapeTable, width: number): readonly string[] {
  const list = (items: ShapeTable["inputs"]): string =>
    items.map((i) => `${plain(i.name)} ${showShape(i.shape)}`).join(", ");
  const text = `${plain(table.model)}: ${list(table.inputs)} → ${list(table.outputs)}`;
  return wrapText(text, { width, indent: "", hanging: "  " });
}

function shapeCells(layer: LayerRow, kernel: string): readonly string[] {
  return [
    layer.options === "" ? layer.op : `${layer.op} ${layer.options}`,
    showShape(layer.output),
    layer.params === 0 ? "–" : grouped(layer.params),
    kernel,
  ];
}

/** `1 conv1_pool1`: the kernel's place in the order of a run, and its name. */
function kernelCell(layer: LayerRow, table: ShapeTable): string {
  const position = table.kernels.indexOf(layer.kernel ?? "");
  return position < 0 ? (layer.kernel ?? "–") : `${position + 1} ${layer.kernel}`;
}

function kernelNumber(layer: LayerRow, table: ShapeTable): string {
  const position = table.kernels.indexOf(layer.kernel ?? "");
  return position < 0 ? (layer.kernel ?? "–") : `${position + 1}`;
}

function costCells(layer: LayerRow): readonly string[] {
  return [
    layer.formula,
    layer.macs === 0 ? "–" : compact(layer.macs),
    compact(layer.bytes),
    layer.receptiveField ? fieldText(layer.receptiveField) : "–",
  ];
}

/** `14×14 /2 −2`: size, stride, offset; a field that does not move has no stride. `?` where it is unknown. */
export function fieldText(field: Field): string {
  if (!isKnown(field)) return "?";
  const negative = (value: number): string => (value < 0 ? `−${-value}` : `${value}`);
  const both = (values: readonly number[], between: string): string =>
    values.every((v) => v === values[0]) ? negative(values[0] ?? 0) : values.map(negative).join(between);
  const still = field.stride.every((s) => s === 0);
  return [field.size.join("×"), still ? "/–" : `/${both(field.stride, "×")}`, both(field.offset, ",")].join(
    " ",
  );
}

function totalLines(table: ShapeTable): readonly string[] {
  const t = table.totals;
  const counted =
    t.batch === "N"
      ? "per example"
      : t.batch === 1
        ? "in all"
        : `for ${grouped(t.batch)} ${plural(t.batch, "example")}`;
  const sizes = sizesIn(table.inputs.map((i) => i.shape));
  const most = sizes.map((size) => `, ${size.name} = ${size.max}`).join("");
  const statistics =
    t.statistics > 0 ? ` and ${grouped(t.statistics)} running ${plural(t.statistics, "statistic")}` : "";
  const lines = [
    `${grouped(t.params)} ${plural(t.params, "parameter")}${statistics} · ${grouped(t.macs)} multiply-adds (MACs) ${counted}${most}`,
  ];
  if (t.dispatches !== null && t.kernels !== null && t.peakBytes !== null) {
    const at = t.batch === "N" ? ` at ${atText(1, { sizes })}` : "";
    lines.push(
      `${grouped(t.dispatches)} ${plural(t.dispatches, "dispatch", "dispatches")} of ${grouped(t.kernels)} ${plural(t.kernels, "kernel")} · peak memory ${bytesText(t.peakBytes)}${at}`,
    );
    lines.push(t.verdict);
  }
  if (table.layers.some((l) => l.receptiveField)) {
    lines.push("field: size /stride offset of what one element sees of the input");
    if (table.layers.some((l) => l.receptiveField && !isKnown(l.receptiveField)))
      lines.push("field ?: what one element sees is no window that moves with its position");
  }
  return lines;
}

export function shapeMarkdown(table: ShapeTable): string {
  const cell = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|");
  const columns = [layerColumn, ...shapeColumns, ...costColumns];
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [
    row(columns.map((c) => c.header)),
    row(columns.map((c) => (c.align === "right" ? "---:" : "---"))).replaceAll("\\", ""),
    ...table.layers.map((l) => row([plain(l.name), ...shapeCells(l, l.kernel ?? "–"), ...costCells(l)])),
    "",
    ...totalLines(table).flatMap((line) => [line, ""]),
  ].join("\n");
}

export interface ShapeJson {
  readonly model: string;
  readonly layers: readonly LayerRow[];
  readonly totals: ShapeTable["totals"];
  readonly remarks: ShapeTable["remarks"];
}

export function shapeJson(table: ShapeTable): ShapeJson {
  return { model: table.model, layers: table.layers, totals: table.totals, remarks: table.remarks };
}

/** Names as the lecture prints them (PyTorch's classes). */
const classNames: ReadonlyMap<string, string> = new Map([
  ["relu", "ReLU"],
  ["relu6", "ReLU6"],
  ["leakyRelu", "LeakyReLU"],
  ["elu", "ELU"],
  ["gelu", "GELU"],
  ["silu", "SiLU"],
  ["hardSigmoid", "Hardsigmoid"],
  ["hardSwish", "Hardswish"],
]);

/** `Conv2d output shape: [1, 6, 28, 28]`, a line per layer, as in "Dive into Deep Learning", section 7.6. */
export function lectureText(graph: Graph, batch = 1): string {
  const lines = graph.nodes.flatMap((node) => {
    if (node.kind !== "op") return [];
    const { name } = node.op;
    const shown = classNames.get(name) ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
    return [`${shown} output shape: ${showShape(withBatch(node.type.shape, batch))}`];
  });
  return `${lines.join("\n")}\n`;
}
