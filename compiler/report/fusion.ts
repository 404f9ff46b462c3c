/** Which layers became one kernel, and the reason for every yes and no. */
import type { Dispatch, Program } from "../../contract/program.ts";
import { must } from "../errors.ts";
import type { Decision } from "../ir/region.ts";
import { plain, wrapText } from "./layout.ts";
import type { TextOptions } from "./render.ts";

/** What the report needs of a `Compilation`. */
export interface Fused {
  readonly decisions: readonly Decision[];
  readonly rewrites: readonly { readonly rule: string; readonly text: string }[];
  readonly program: Program;
}

export interface FusionStep {
  /** The kernel's name. */
  readonly kernel: string;
  /** Whether it runs for every batch, or once, when the parameters are set. */
  readonly phase: "run" | "prepare";
  readonly layers: readonly string[];
  readonly decisions: readonly FusionDecision[];
}

export interface FusionDecision {
  readonly layer: string;
  /** The layer that reads it; null where it is an output of the model. */
  readonly into: string | null;
  readonly fused: boolean;
  readonly reason: string;
}

/** A step per dispatch, each with the decisions about its layers: those of a run, then those that prepare for it. */
export function fusionSteps({ decisions, program }: Fused): readonly FusionStep[] {
  const told = new Set<Decision>();
  const step = (phase: FusionStep["phase"], dispatch: Dispatch): FusionStep => {
    // A layer that is computed in two kernels is decided once: told where it comes first.
    const own = decisions.filter((d) => !told.has(d) && dispatch.layers.includes(d.node.origin.name));
    for (const d of own) told.add(d);
    return {
      kernel: must(program.kernels[dispatch.kernel], "kernel").name,
      phase,
      layers: dispatch.layers,
      decisions: own.map((d) => ({
        layer: d.node.origin.name,
        into: d.into?.origin.name ?? null,
        fused: d.fused,
        reason: d.reason,
      })),
    };
  };
  return [
    ...program.dispatches.map((d) => step("run", d)),
    ...program.prepare.map((d) => step("prepare", d)),
  ];
}

export function fusionReport(fused: Fused, options: TextOptions = {}): string {
  const width = options.width ?? 80;
  const hanging = "           ";
  const lines: string[] = [];
  for (const { rule, text } of fused.rewrites)
    lines.push(...wrapText(`${rule}: ${text}`, { width, indent: "", hanging }));
  if (lines.length > 0) lines.push("");
  // Weights laid out for a kernel are a step of their own with nothing to decide.
  const steps = fusionSteps(fused).filter((s) => s.phase === "run" || s.decisions.length > 0);
  steps.forEach((step, i) => {
    if (step.phase === "prepare" && steps[i - 1]?.phase === "run")
      lines.push("", "once, when the parameters are set:");
    lines.push(
      ...wrapText(`${i + 1}. ${step.kernel}: ${plain(step.layers.join(" + "))}`, {
        width,
        indent: "",
        hanging,
      }),
    );
    for (const d of step.decisions) {
      const into = d.into === null ? "" : ` → ${plain(d.into)}`;
      lines.push(
        ...wrapText(`${d.fused ? "fused " : "stored"}  ${plain(d.layer)}${into}: ${d.reason}`, {
          width,
          indent: "   ",
          hanging,
        }),
      );
    }
  });
  return `${lines.join("\n")}\n`;
}
