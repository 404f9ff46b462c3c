/** What is tuned of a program: its distinct kernels. */

import { tuningKey } from "../../compiler/assemble/identity.ts";
import { boundTensors } from "../../compiler/assemble/module.ts";
import type { Compilation } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import type { Kernel } from "../../compiler/ir/kernel.ts";
import { ExprPrinter } from "../../compiler/ir/print.ts";
import type { Step } from "../../compiler/ir/step.ts";
import type { Dispatch } from "../../contract/program.ts";
import type { Site, Stored } from "./bench.ts";

/** The dispatches, or parts of them, that one schedule would serve. */
export interface Subject extends Site {
  readonly key: string;
  readonly step: Step;
  /** The dispatch that it is, or is a part of. */
  readonly whole: Site;
  /** The layers of every dispatch: `conv1 → pool1`. */
  readonly layers: readonly string[];
}

/**
 * The kernels of all dispatches, the same ones together, in the order of execution. Of those that share a dispatch only
 * contractions are looked at: what is small and sums no products is left as it is.
 */
export function subjectsOf({ program, bundles, storages }: Compilation): readonly Subject[] {
  const found = new Map<string, Subject>();
  const run = bundles.filter((b) => b[0]?.region.phase === "run");
  for (const [i, dispatch] of program.dispatches.entries()) {
    const steps = must(run[i], "dispatch's steps");
    const parts = partsOf(steps, dispatch);
    const whole = { dispatch, stored: parts.flatMap((p) => p.stored) };
    for (const [j, step] of steps.entries()) {
      if (steps.length > 1 && step.kernel.kind !== "contraction") continue;
      const part = must(parts[j], "part");
      const key = tuningKey(step.kernel, storages);
      const before = found.get(key);
      const layers = shortLayers(part.dispatch.layers);
      found.set(
        key,
        before
          ? { ...before, layers: [...before.layers, layers] }
          : { ...part, key, step, whole, layers: [layers] },
      );
    }
  }
  return [...found.values()];
}

/** The steps of a dispatch, as if each had one to itself: they bind their buffers one after the other. */
function partsOf(steps: readonly Step[], dispatch: Dispatch): readonly Site[] {
  let next = 0;
  return steps.map(({ kernel, region }) => {
    const first = next;
    next += boundTensors(kernel).length;
    const layers = region.nodes.map((n) => n.origin.name);
    const own = { ...dispatch, layers, buffers: dispatch.buffers.slice(first, next) };
    return { dispatch: own, stored: storedBy(kernel, own) };
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
