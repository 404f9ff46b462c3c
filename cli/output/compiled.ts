/** The result of `weft compile`: kernels, what was fused and why, totals. */
import type { Compilation } from "../../compiler/compile.ts";
import type { BundleSize, Emitted } from "../../compiler/emit/index.ts";
import type { Program } from "../../compiler/ir/program.ts";
import { countAt } from "../../compiler/ir/type.ts";
import { kernelTable, kernelText } from "../../compiler/report/kernels.ts";
import { bytesText, grouped } from "../../compiler/report/layout.ts";
import { shownPath } from "../files.ts";
import type { Ui } from "../ui.ts";
import { decisionLine } from "./stages.ts";
import { wrapped } from "./wrap.ts";

export interface CompileJson {
  readonly model: string;
  readonly kernels: readonly {
    readonly name: string;
    readonly layers: readonly string[];
    readonly workgroup: number;
    readonly wgslBytes: number;
  }[];
  /** How many a run takes, in one submit. */
  readonly dispatches: number;
  /** How many run once, when the weights are set. */
  readonly prepare: number;
  /** One per distinct WGSL text. */
  readonly pipelines: number;
  /** At the batch size compiled for, or at N = 1. */
  readonly peakBytes: number;
  readonly maxBatch: number | null;
  /** Buffers larger than WebGPU's default limit of 128 MiB a binding, at that batch size. */
  readonly tooLarge: readonly string[];
  readonly fusion: readonly {
    readonly layer: string;
    readonly into: string | null;
    readonly fused: boolean;
    readonly reason: string;
  }[];
  /** What `--out` wrote; null without it. */
  readonly bundle: BundleSize | null;
  readonly files: readonly string[];
}

export function compileJson(
  c: Compilation,
  batch: number | undefined,
  emitted: Emitted | undefined,
): CompileJson {
  const { program } = c;
  return {
    model: program.name,
    kernels: kernelTable(program).map(({ name, layers, workgroup, wgslBytes }) => ({
      name,
      layers,
      workgroup,
      wgslBytes,
    })),
    dispatches: program.dispatches.length,
    prepare: program.prepare.length,
    pipelines: new Set(program.kernels.map((k) => k.wgsl)).size,
    peakBytes: countAt(program.peakBytes, batch ?? 1),
    maxBatch: program.maxBatch,
    tooLarge: tooLarge(program, batch ?? 1),
    fusion: c.decisions.map((d) => ({
      layer: d.node.origin.name,
      into: d.into?.origin.name ?? null,
      fused: d.fused,
      reason: d.reason,
    })),
    bundle: emitted?.bundle ?? null,
    files: emitted?.files ?? [],
  };
}

/** WebGPU's default `maxStorageBufferBindingSize` (https://www.w3.org/TR/webgpu/#limits). */
const BINDING_LIMIT = 128 * 1024 * 1024;

function tooLarge(program: Program, batch: number): readonly string[] {
  return program.buffers.filter((b) => countAt(b.bytes, batch) > BINDING_LIMIT).map((b) => b.name);
}

function limitLines(program: Program, batch: number, ui: Ui): readonly string[] {
  const names = tooLarge(program, batch);
  if (names.length === 0) return [];
  const text = `exceeds WebGPU's default limit of 128 MiB a buffer: ${names.join(", ")}`;
  return [ui.colors.yellow(wrapped(text, ui.width))];
}

export function compileText(c: Compilation, batch: number | undefined, ui: Ui): string {
  const { program } = c;
  const { colors } = ui;
  const fused = c.decisions.map((d) => {
    const text = wrapped(decisionLine(d), ui.width);
    return d.fused ? text : colors.dim(text);
  });
  const layers = c.source.nodes.filter((n) => n.kind === "op").length;
  const once = program.prepare.length > 0 ? ` and ${program.prepare.length} once, for the weights` : "";
  const most = program.maxBatch === null ? "" : `, largest batch ${grouped(program.maxBatch)}`;
  return [
    colors.bold(`${program.name}: ${layers} layers in ${program.dispatches.length} dispatches${once}`),
    "",
    kernelText(program, { width: ui.width, color: colors.isColorSupported }).trimEnd(),
    "",
    colors.bold("what is computed where (+ fused into the next, – stored in memory)"),
    ...c.rewrites.map((r) => wrapped(`+ ${r.text}: ${r.rule}`, ui.width)),
    ...fused,
    "",
    `peak memory ${bytesText(countAt(program.peakBytes, batch ?? 1))} at N = ${batch ?? 1}${most}`,
    ...limitLines(program, batch ?? 1, ui),
  ].join("\n");
}

export function writtenText({ folder, files, bundle }: Emitted, ui: Ui): string {
  const kernels = files.filter((name) => name.endsWith(".wgsl")).length;
  const others = files.filter((name) => !name.endsWith(".wgsl"));
  return [
    "",
    ui.colors.bold(`written to ${shownPath(folder)}`),
    `${kernels} kernels (*.wgsl), ${others.join(", ")}`,
    `the bundle, runtime included: ${bytesText(bundle.bytes)}, ${bytesText(bundle.gzip)} gzipped`,
  ]
    .map((line) => wrapped(line, ui.width))
    .join("\n");
}
