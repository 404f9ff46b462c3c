/** The kernels and dispatches of a program, as rows and as text. */
import type { Grid, Program } from "../../contract/program.ts";
import { must, plural } from "../errors.ts";
import { countAt, showCount } from "../ir/type.ts";
import { atText, bytesText, type Column, cutText, grouped, layoutTable, plain } from "./layout.ts";
import type { TextOptions } from "./render.ts";

export interface KernelRow {
  readonly name: string;
  /** The layers it computes, over all its dispatches. */
  readonly layers: readonly string[];
  /** Invocations per workgroup. */
  readonly workgroup: number;
  readonly wgslBytes: number;
  /** Storage buffers it binds. */
  readonly buffers: number;
  /** How often a run dispatches it. */
  readonly dispatches: number;
  /** Work items of its first dispatch: `294·⌈N/4⌉`. */
  readonly items: string;
}

/** How many pipelines a device builds for it: kernels of the same text share one. */
export const pipelineCount = ({ kernels }: Pick<Program, "kernels">): number =>
  new Set(kernels.map((k) => k.wgsl)).size;

/** A row per kernel. Kernels that only prepare parameters have 0 dispatches. */
export function kernelTable(program: Program): readonly KernelRow[] {
  return program.kernels.map((kernel, i) => {
    const runs = program.dispatches.filter((d) => d.kernel === i);
    const all = [...program.prepare.filter((d) => d.kernel === i), ...runs];
    return {
      name: kernel.name,
      layers: [...new Set(all.flatMap((d) => d.layers))],
      workgroup: kernel.workgroup,
      wgslBytes: new TextEncoder().encode(kernel.wgsl).length,
      buffers: kernel.bindings.length,
      dispatches: runs.length,
      items: all[0] ? gridText(all[0].grid) : "0",
    };
  });
}

export function gridText({ items, batchTile }: Grid): string {
  if (batchTile === 0) return grouped(items);
  const examples = batchTile === 1 ? "N" : `⌈N/${batchTile}⌉`;
  return items === 1 ? examples : `${grouped(items)}·${examples}`;
}

const columns: readonly Column[] = [
  { header: "kernel", cut: "start", cutOrder: 1 },
  { header: "computes", cut: "end", cutOrder: 0 },
  { header: "work items", align: "right" },
  { header: "group", align: "right" },
  { header: "WGSL", align: "right" },
];

/**
 * A line per kernel of a run; those that prepare weights are summed up in one, and so are those of each range of the batch that
 * a run of a larger one has not.
 */
export function kernelText(program: Program, options: TextOptions = {}): string {
  const layout = { width: options.width ?? 80, color: options.color ?? false };
  const rows = kernelTable(program);
  const run = rows
    .filter((k) => k.dispatches > 0)
    .map((k) => [k.name, plain(k.layers.join(" + ")), k.items, `${k.workgroup}`, bytesText(k.wgslBytes)]);
  const inRange = new Set(program.ranges?.flatMap((r) => r.dispatches.map((d) => d.kernel)));
  const once = rows.filter((k, i) => k.dispatches === 0 && !inRange.has(i));
  const size = once.reduce((sum, k) => sum + k.wgslBytes, 0);
  const note: string[] =
    once.length === 0
      ? []
      : [
          "",
          `and ${once.length} that prepare parameters once, when they are set (${bytesText(size)} of WGSL)`,
        ];
  const ranges = rangeLines(program, rows);
  if (ranges.length > 0) note.push("", ...ranges);
  const fitted = note.map((line) => cutText(line, layout.width, "end"));
  return `${[...layoutTable(columns, run, layout), ...fitted].join("\n")}\n`;
}

/** `batches of 1: 39 dispatches, 16 kernels of their own (61.2 kB of WGSL)` */
function rangeLines({ ranges = [], dispatches }: Program, rows: readonly KernelRow[]): readonly string[] {
  const known = new Set(dispatches.map((d) => d.kernel));
  const lines = ranges.toReversed().map(({ most, dispatches }) => {
    const own = [...new Set(dispatches.map((d) => d.kernel))].filter((k) => !known.has(k));
    for (const k of own) known.add(k);
    const size = own.reduce((sum, k) => sum + must(rows[k], "kernel").wgslBytes, 0);
    const count = `${dispatches.length} ${plural(dispatches.length, "dispatch", "dispatches")}`;
    const kernels = `${own.length} ${plural(own.length, "kernel")} of their own (${bytesText(size)} of WGSL)`;
    return `${most === 1 ? "batches of 1" : `batches up to ${most}`}: ${count}, ${kernels}`;
  });
  return lines.toReversed();
}

/** Buffers, and the order in which kernels read and write them. */
export function planText(program: Program, options: TextOptions = {}): string {
  const width = options.width ?? 80;
  const types = new Map(program.params.flatMap((p) => (p.storage ? [[p.buffer, ` (${p.storage})`]] : [])));
  const buffers = layoutTable(
    [
      { header: "buffer", align: "right" },
      { header: "holds", cut: "end" },
      { header: "bytes", align: "right" },
    ],
    program.buffers.map((b, i) => [`${i}`, plain(b.name + (types.get(i) ?? "")), showCount(b.bytes)]),
    { width, color: options.color ?? false },
  );
  const step = (d: Program["dispatches"][number], i: number): string => {
    const kernel = must(program.kernels[d.kernel], "kernel");
    const bound = kernel.bindings.map((b, k) => ({ ...b, buffer: d.buffers[k] }));
    const list = (access: string): string =>
      bound
        .filter((b) => b.access === access)
        .map((b) => `${b.buffer}`)
        .join(", ");
    return `${i + 1}. ${kernel.name}  reads ${list("read") || "nothing"}, writes ${list("read_write")}  (${gridText(d.grid)} items)`;
  };
  const peak = `peak memory ${bytesText(countAt(program.peakBytes, 1))} at ${atText(1, program)}: ${showCount(program.peakBytes)} bytes`;
  const clipped = (line: string): string => cutText(line, width, "end");
  return [
    ...buffers,
    ...[
      ...(program.prepare.length > 0
        ? ["", "once, when the weights are set:", ...program.prepare.map(step)]
        : []),
      "",
      "for every batch, in one submit:",
      ...program.dispatches.map(step),
      ...(program.ranges ?? []).flatMap(({ most, dispatches }) => [
        "",
        `in their place for batches up to ${most}:`,
        ...dispatches.map(step),
      ]),
      "",
      peak,
      "",
    ].map(clipped),
  ].join("\n");
}
