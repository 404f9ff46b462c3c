/** The result of `weft compile`: kernels, what was fused and why, totals. */

import type { Compilation, Remark } from "../../compiler/compile.ts";
import type { BundleSize, Emitted, VariantReport } from "../../compiler/emit/index.ts";
import { type TrainReport, trainReport } from "../../compiler/emit/report.ts";
import { plural } from "../../compiler/errors.ts";
import { countAt } from "../../compiler/ir/type.ts";
import { kernelTable, kernelText } from "../../compiler/report/kernels.ts";
import { atText, bytesText, grouped } from "../../compiler/report/layout.ts";
import { BINDING_BYTES } from "../../contract/limits.ts";
import type { Program } from "../../contract/program.ts";
import type { Training } from "../../contract/training.ts";
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
  /** With `--train` alone. */
  readonly train?: TrainReport;
  /** With `--variants` alone: in the order in which a device is held against them. */
  readonly variants?: readonly VariantReport[];
  readonly files: readonly string[];
  /** On what is probably not what was meant, each with something to try; with `--train` on the loss, too. */
  readonly remarks: readonly Remark[];
}

/** What is reported. */
export interface Compiled {
  readonly compilation: Compilation;
  readonly training: Training | undefined;
  readonly batch: number | undefined;
  readonly emitted?: Emitted | undefined;
}

export function compileJson({ compilation: c, training, batch, emitted }: Compiled): CompileJson {
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
    ...(training && { train: trainReport(training, batch, emitted?.trainBundle) }),
    ...(emitted?.variants.length ? { variants: emitted.variants } : {}),
    files: emitted?.files ?? [],
    remarks: remarksIn({ compilation: c, training }),
  };
}

export function remarksIn({
  compilation,
  training,
}: Pick<Compiled, "compilation" | "training">): readonly Remark[] {
  return training ? (training.remarks ?? []) : compilation.remarks;
}

function tooLarge(program: Program, batch: number): readonly string[] {
  return program.buffers.filter((b) => countAt(b.bytes, batch) > BINDING_BYTES).map((b) => b.name);
}

function limitLines(program: Program, batch: number, ui: Ui): readonly string[] {
  const names = tooLarge(program, batch);
  if (names.length === 0) return [];
  const text = `exceeds WebGPU's default limit of 128 MiB a buffer: ${names.join(", ")}`;
  return [ui.colors.yellow(wrapped(text, ui.width))];
}

export function compileText({ compilation: c, training, batch }: Compiled, ui: Ui): string {
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
    colors.bold(
      `${program.name}: ${layers} ${plural(layers, "layer")} in ${program.dispatches.length} ${plural(program.dispatches.length, "dispatch", "dispatches")}${once}`,
    ),
    "",
    kernelText(program, { width: ui.width, color: colors.isColorSupported }).trimEnd(),
    "",
    colors.bold("what is computed where (+ fused into the next, – stored in memory)"),
    ...c.rewrites.map((r) => wrapped(`+ ${r.text}: ${r.rule}`, ui.width)),
    ...fused,
    "",
    `peak memory ${bytesText(countAt(program.peakBytes, batch ?? 1))} at ${atText(batch ?? 1, program)}${most}`,
    ...limitLines(program, batch ?? 1, ui),
    ...(training ? trainLines(training, batch ?? 1, ui) : []),
  ].join("\n");
}

function trainLines(training: Training, batch: number, ui: Ui): readonly string[] {
  const { optimizer, step } = training;
  const { dispatches, kernels, submitsPerStep, peakBytes } = trainReport(training, batch);
  const most = step.maxBatch === null ? "" : `, largest batch ${grouped(step.maxBatch)}`;
  return [
    "",
    ui.colors.bold(
      `training step: ${dispatches} ${plural(dispatches, "dispatch", "dispatches")} of ${kernels} ${plural(kernels, "kernel")} in ${submitsPerStep} ${plural(submitsPerStep, "submit")}`,
    ),
    wrapped(
      `cross-entropy, ${optimizer.kind} at learning rate ${optimizer.lr}; peak memory ` +
        `${bytesText(peakBytes)} at ${atText(batch, step)} without the data set${most}`,
      ui.width,
    ),
  ];
}

/** `quads (adapters on CPUs, subgroups)` */
function variantText({ name, when, baked = [] }: VariantReport): string {
  const { fallback, lanes, features = [] } = when ?? {};
  const needs = [
    ...(fallback === undefined ? [] : [fallback ? "adapters on CPUs" : "GPUs"]),
    ...features.map((f) => (f === "subgroups" && lanes ? `subgroups of ${lanes}` : f)),
    ...(baked.length > 0 ? [`these weights: ${baked.join(" and ")} in the WGSL`] : []),
  ];
  return needs.length > 0 ? `${name} (${needs.join(", ")})` : name;
}

export function writtenText(emitted: Emitted, ui: Ui): string {
  const { folder, files, bundle, trainBundle, trainingKernels: training, variants } = emitted;
  const wgsl = files.filter((name) => name.endsWith(".wgsl"));
  const others = files.filter((name) => !name.endsWith(".wgsl"));
  const own = wgsl.length - training;
  const kernels = [
    ...(own > 0 ? [`${own} ${plural(own, "kernel")} (*.wgsl)`] : []),
    ...(training > 0 ? [`${training} of training (train-*.wgsl)`] : []),
  ];
  const size = ({ bytes, gzip }: BundleSize): string => `${bytesText(bytes)}, ${bytesText(gzip)} gzipped`;
  return [
    "",
    ui.colors.bold(`written to ${shownPath(folder)}`),
    [...kernels, ...others].join(", "),
    `the bundle, runtime included: ${size(bundle)}`,
    ...(variants.length > 0
      ? [`it takes the first that suits: ${variants.map(variantText).join("; ")}`]
      : []),
    ...(trainBundle ? [`the bundle that trains, trainer included: ${size(trainBundle)}`] : []),
  ]
    .map((line) => wrapped(line, ui.width))
    .join("\n");
}
