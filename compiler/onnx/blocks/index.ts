/**
 * Blocks that repeat, as functions. Windows of lines that are alike become a function each where that makes the file shorter: the one that
 * saves the greatest part of what it stands for first, then the next one, in what is left and in the functions themselves. Structure decides
 * alone: what is called, with which options, and how lines read each other.
 */
import type { Ref, Statement } from "../recorder.ts";
import type { Bodies, Body, Line, Use } from "./body.ts";
import { codesOf } from "./params.ts";
import { type Place, type Window, windowsOf } from "./windows.ts";

/** As much of the code as a function has to save. */
const WORTH = 1 / 3;
/** So many steps for a whole file: what is not found by then is written out. */
const STEPS = 2 ** 20;
/** Windows whose parameters are looked at before one is chosen, of those that promise the most. */
const TRIED = 64;

/** The statements with what repeats as functions. `kept` are the model's outputs. */
export function blocksOf(statements: readonly Statement[], kept: ReadonlySet<Ref>): Bodies {
  let steps = STEPS;
  const spend = (count: number): boolean => {
    steps -= count;
    return steps >= 0;
  };
  let bodies: Bodies = [{ calls: [statements] }];
  for (let next = better(bodies, kept, spend); next; next = better(bodies, kept, spend)) bodies = next;
  return bodies;
}

function better(
  bodies: Bodies,
  kept: ReadonlySet<Ref>,
  spend: (steps: number) => boolean,
): Bodies | undefined {
  const promising = windowsOf(bodies, kept, spend)
    .map((window) => ({ window, most: saved(window, 1) }))
    .filter(({ most }) => most >= WORTH)
    .toSorted((a, b) => b.most - a.most)
    .slice(0, TRIED);
  let best: { readonly window: Window; readonly worth: number; readonly bodies: Bodies } | undefined;
  for (const { window, most } of promising) {
    if (best && most < best.worth) break;
    const made = extracted(bodies, window);
    const worth = saved(window, codesOf(made).at(-1)?.params.length ?? 0);
    if (
      worth >= WORTH &&
      (!best || worth > best.worth || (worth === best.worth && leads(window, best.window)))
    )
      best = { window, worth, bodies: made };
  }
  return best?.bodies;
}

/** Of windows that save the same, which is one and the same turned: the one that begins with a layer that has parameters, then the first. */
function leads(a: Window, b: Window): boolean {
  if (a.leads !== b.leads) return a.leads;
  return (a.places[0]?.start ?? 0) < (b.places[0]?.start ?? 0);
}

/** The part of the code that goes where its windows are calls of a function with so many parameters. */
function saved({ code, places }: Window, params: number): number {
  const count = places.length;
  const before = count * code;
  const declared = code + 3 + params;
  return (before - declared - count * (2 + params)) / before;
}

/** The bodies with a window as one more. */
function extracted(bodies: Bodies, { length, places }: Window): Bodies {
  const made = bodies.length;
  const calls: (readonly Line[])[] = [];
  const around = bodies.map((body, b): Body => {
    const starts = new Set(places.filter((p: Place) => p.body === b).map(({ start }) => start));
    if (starts.size === 0) return body;
    const rewritten = body.calls.map((lines) =>
      lines.flatMap((line, k): readonly Line[] => {
        if (starts.has(k)) {
          const use: Use = { body: made, call: calls.length };
          calls.push(lines.slice(k, k + length));
          return [use];
        }
        return within(starts, k, length) ? [] : [line];
      }),
    );
    return { calls: rewritten };
  });
  return [...around, { calls }];
}

/** Whether a line is in a window, and not its first. */
function within(starts: ReadonlySet<number>, k: number, length: number): boolean {
  for (let before = 1; before < length; before++) if (starts.has(k - before)) return true;
  return false;
}
