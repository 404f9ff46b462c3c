/** What the model tab shows of a compilation: rows, kernels and a drawing, as plain data. Made in the worker. */
import type { Compilation } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import { ExprPrinter, formulas } from "../../compiler/ir/print.ts";
import { nameOf } from "../../compiler/ir/region.ts";
import type { Step } from "../../compiler/ir/step.ts";
import { fusionSteps } from "../../compiler/report/fusion.ts";
import { gridText } from "../../compiler/report/kernels.ts";
import { type ShapeTable, shapeTable } from "../../compiler/report/shapes.ts";
import { printSchedule } from "../../compiler/strategies/index.ts";
import { type Drawing, draw } from "./drawing.ts";
import type { KernelView, LayerView, ScheduleView } from "./parts.ts";

export interface ModelView {
  readonly table: ShapeTable;
  readonly layers: readonly LayerView[];
  /** Those of a run in their order, then those that prepare parameters. */
  readonly kernels: readonly KernelView[];
  readonly drawing: Drawing;
}

export function viewOf(compilation: Compilation): ModelView {
  const { source, program, rewrites } = compilation;
  const table = shapeTable(source, { program, rewrites });
  const kernels = kernelsOf(compilation);
  const places = new Map(source.nodes.map((n) => [n.origin.name, n.origin.at]));
  const layers = table.layers.map((row): LayerView => {
    return { ...row, at: places.get(row.name) ?? null, group: groupOf(row.name, kernels, rewrites) };
  });
  return { table, layers, kernels, drawing: draw(source, layers, kernels) };
}

/** The kernel of a run that computes a layer, or the layer that it was folded into; else one that prepares for it. */
function groupOf(
  layer: string,
  kernels: readonly KernelView[],
  rewrites: Compilation["rewrites"],
): number | null {
  const run = kernels.findIndex((k) => k.phase === "run" && k.layers.includes(layer));
  if (run >= 0) return run;
  const heir = rewrites.find((r) => r.gone === layer && r.by !== layer);
  if (heir)
    return groupOf(
      heir.by,
      kernels,
      rewrites.filter((r) => r !== heir),
    );
  const once = kernels.findIndex((k) => k.layers.includes(layer));
  return once < 0 ? null : once;
}

function kernelsOf(compilation: Compilation): readonly KernelView[] {
  const { program, steps } = compilation;
  const dispatches = [...program.dispatches, ...program.prepare];
  return fusionSteps(compilation).map(({ phase, layers, decisions }, i): KernelView => {
    const dispatch = must(dispatches[i], "dispatch");
    const shader = must(program.kernels[dispatch.kernel], "kernel");
    const own = steps.filter(
      (s) => s.region.phase === phase && s.kernel.results.some((r) => layers.includes(r.root.origin.name)),
    );
    return {
      name: shader.name,
      phase,
      layers,
      wgsl: shader.wgsl,
      workgroup: shader.workgroup,
      items: gridText(dispatch.grid),
      buffers: shader.bindings.length,
      decisions,
      schedules: own.map(scheduleOf),
    };
  });
}

function scheduleOf({ region, kernel, schedule }: Step): ScheduleView {
  const meaning = formulas(region, new ExprPrinter()).join("\n");
  const kernels = new ExprPrinter();
  for (const axis of kernel.kind === "contraction" ? [...kernel.axes, ...kernel.k] : kernel.space)
    kernels.name(axis); // in this order, so that axes keep their plain names
  const facts: readonly (readonly [string, string])[] = [
    ["positions", kernels.axes(kernel.space, ", ")],
    ["summed", kernel.kind === "contraction" ? kernels.axes(kernel.k, ", ") : ""],
    ["window", kernel.kind === "contraction" ? kernels.axes(kernel.window, ", ") : ""],
  ];
  return {
    root: nameOf(region),
    kind: kernel.kind,
    rule: printSchedule(kernel, schedule),
    facts: facts.filter(([, value]) => value !== "" && value !== "–"),
    meaning,
  };
}
