/** What `weft compile --show` prints: the data of one stage of the compiler. */
import type { Compilation } from "../../compiler/compile.ts";
import { InternalError, UserError } from "../../compiler/errors.ts";
import type { Kernel, Schedule } from "../../compiler/ir/kernel.ts";
import { ExprPrinter, formulas } from "../../compiler/ir/print.ts";
import { type Decision, nameOf, type Region } from "../../compiler/ir/region.ts";
import { graphText } from "../../compiler/report/graph.ts";
import { planText } from "../../compiler/report/kernels.ts";
import type { TextOptions } from "../../compiler/report/render.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { moduleText } from "../../compiler/targets/wasm/text.ts";
import type { Program } from "../../contract/program.ts";
import { showShape } from "../../contract/shapes.ts";
import { printJson, type Ui } from "../ui.ts";

/** The stages, in their order. */
export const STAGES = ["graph", "regions", "kernels", "schedule", "wgsl", "wasm", "plan"] as const;
export type Stage = (typeof STAGES)[number];

export function decisionLine(d: Decision): string {
  const into = d.into ? ` ${d.fused ? "into" : "apart from"} ${d.into.origin.name}` : "";
  return `${d.fused ? "+" : "–"} ${d.node.origin.name}${into}: ${d.reason}`;
}

function rewriteLines(c: Compilation): readonly string[] {
  if (c.rewrites.length === 0) return [];
  return ["", "simplified:", ...c.rewrites.map((r) => `  ${r.text}  (${r.rule})`)];
}

/** `bn1.mean [64] and bn1.deviation [64]` */
const stored = ({ results }: Region): string =>
  results.map(({ root }) => `${root.origin.name} ${showShape(root.type.shape)}`).join(" and ");

function regionLines(c: Compilation): readonly string[] {
  const lines = c.steps.flatMap(({ region }, i) => [
    `${i + 1}. ${stored(region)}${region.phase === "prepare" ? "  (once, from parameters)" : ""}`,
    `   computes ${region.nodes.map((n) => n.origin.name).join(" + ")}`,
    `   reads    ${region.reads.map((n) => n.origin.name).join(", ") || "nothing"}`,
    ...formulas(region, new ExprPrinter()).map((line) => `   ${line}`),
  ]);
  return [...lines, "", "decisions:", ...c.decisions.map((d) => `  ${decisionLine(d)}`)];
}

function kernelLines(kernel: Kernel, i: number): readonly string[] {
  const print = new ExprPrinter();
  const head = `${i + 1}. ${nameOf(kernel)}: ${kernel.kind}`;
  const space = print.axes(kernel.space); // named first, so that the result's axes keep their plain names
  const roles =
    kernel.kind === "mapReduce"
      ? [`   space  ${space}`]
      : [
          `   batch  ${print.axes(kernel.batch)}`,
          `   m      ${print.axes(kernel.m)}`,
          `   n      ${print.axes(kernel.n)}`,
          `   k      ${print.axes(kernel.k)}`,
          `   window ${print.axes(kernel.window)}`,
          `   lhs    ${print.expr(kernel.lhs)}`,
          `   rhs    ${print.expr(kernel.rhs)}`,
        ];
  const results = kernel.results.flatMap(({ place, value }) => [
    `   place  [${place.map((index) => print.index(index)).join(", ")}]`,
    `   result ${print.expr(value)}`,
  ]);
  return [head, ...roles, ...results];
}

function scheduleLines(kernel: Kernel, schedule: Schedule, i: number): readonly string[] {
  const print = new ExprPrinter();
  const space = print.axes(kernel.space);
  const summed = kernel.kind === "contraction" ? `, summed ${print.axes(kernel.k)}` : "";
  return [
    `${i + 1}. ${nameOf(kernel)}: ${printSchedule(kernel, schedule)}`,
    `   positions ${space}${summed}`,
  ];
}

export function stageText(stage: Stage, c: Compilation, options: TextOptions): string {
  switch (stage) {
    case "graph":
      return [graphText(c.graph).trimEnd(), ...rewriteLines(c)].join("\n");
    case "regions":
      return regionLines(c).join("\n");
    case "kernels":
      return c.steps.flatMap((s, i) => kernelLines(s.kernel, i)).join("\n");
    case "schedule":
      return c.steps.flatMap((s, i) => scheduleLines(s.kernel, s.schedule, i)).join("\n");
    case "wgsl":
      return c.program.kernels.map((k) => k.wgsl.trimEnd()).join("\n\n");
    case "wasm":
      return wasmText(c.program);
    case "plan":
      return planText(c.program, options).trimEnd();
  }
  throw new InternalError(`no such stage: ${stage satisfies never}`);
}

/** The module of a program, or of what is beside it. Throws `UserError` where neither has one. */
function wasmText(program: Program): string {
  const text = moduleText(program.module ? program : (program.wasm ?? program));
  if (text !== undefined) return text;
  throw new UserError({
    problem: `${program.name} is compiled for WebGPU alone, which has no WebAssembly to show`,
    fix: "--target wasm",
  });
}

/** The stage as text; as JSON the program, where it is one of its last stages, else lines. */
export function printStage(stage: Stage, compilation: Compilation, format: string, ui: Ui): void {
  const text = stageText(stage, compilation, { width: ui.width, color: ui.colors.isColorSupported });
  if (format !== "json") ui.out(text);
  else if (stage === "plan" || stage === "wgsl") printJson(ui, compilation.program);
  else printJson(ui, { model: compilation.program.name, stage, lines: text.split("\n") });
}
