/** What is tuned of a program: its distinct kernels. */

import { tuningKey } from "../../compiler/assemble/identity.ts";
import type { Compilation } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import type { Kernel } from "../../compiler/ir/kernel.ts";
import { ExprPrinter } from "../../compiler/ir/print.ts";
import type { Step } from "../../compiler/ir/step.ts";
import type { Dispatch } from "../../contract/program.ts";
import type { Site, Stored } from "./bench.ts";

/** The dispatches that one schedule would serve. */
export interface Subject extends Site {
  readonly key: string;
  readonly step: Step;
  /** The layers of every dispatch: `conv1 → pool1`. */
  readonly layers: readonly string[];
}

/**
 * The dispatches of one kernel each, those of the same kernel together, in the order of execution. Small kernels that
 * share a dispatch are left as they are.
 */
export function subjectsOf(compilation: Compilation): readonly Subject[] {
  const { program, storages } = compilation;
  const steps = stepsOf(compilation);
  const found = new Map<string, Subject>();
  for (const [i, dispatch] of program.dispatches.entries()) {
    const step = steps[i];
    if (!step) continue;
    const key = tuningKey(step.kernel, storages);
    const before = found.get(key);
    const layers = shortLayers(dispatch.layers);
    found.set(
      key,
      before
        ? { ...before, layers: [...before.layers, layers] }
        : { key, step, dispatch, stored: storedBy(step.kernel, dispatch), layers: [layers] },
    );
  }
  return [...found.values()];
}

/** The step that each dispatch is; undefined where it is several. A dispatch names the layers of all its steps. */
function stepsOf({ program, steps }: Compilation): readonly (Step | undefined)[] {
  const run = steps.filter((s) => s.region.phase === "run");
  let next = 0;
  return program.dispatches.map(({ layers }) => {
    const first = next;
    for (let named = 0; named < layers.length; next++) named += must(run[next], "step").region.nodes.length;
    return next === first + 1 ? run[first] : undefined;
  });
}

/** Results are bound last. */
function storedBy({ results }: Kernel, { buffers }: Dispatch): readonly Stored[] {
  return results.map(({ root, overwrites }, i) => ({
    buffer: must(buffers.at(i - results.length), "result"),
    shape: root.type.shape,
    inPlace: overwrites !== undefined,
  }));
}

/** `conv1 → pool1` */
function shortLayers(layers: readonly string[]): string {
  const [first = "", last = first] = [layers[0], layers.at(-1)];
  return first === last ? first : `${first} → ${last}`;
}

/** `n<N c<16 h<10 w<10 | c′<6 kh<5 kw<5`: axes in the order of a schedule's `tile` and `unroll`. */
export function axesText(kernel: Kernel): string {
  const print = new ExprPrinter();
  const space = print.axes(kernel.space);
  return kernel.kind === "contraction" ? `${space} | ${print.axes(kernel.k)}` : space;
}
