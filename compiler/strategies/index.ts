/** The strategies in order: the first of a kernel's kind that pays is taken; the last of each kind always is. */
import { InternalError } from "../errors.ts";
import type { Kernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import { collapsedRows, collapsedSums } from "./collapsedAxes.ts";
import { packing } from "./packing.ts";
import { panels } from "./panels.ts";
import { parallelReduction } from "./parallelReduction.ts";
import { parallelRows } from "./parallelRows.ts";
import { registerTile } from "./registerTile.ts";
import { splitK } from "./splitK.ts";
import type { Strategy, Trial } from "./strategy.ts";
import type { Target } from "./target.ts";
import { parseItems, printItems, type Said } from "./text.ts";
import { threadPerPosition } from "./threadPerPosition.ts";
import { uniformTile } from "./uniformTile.ts";
import { vectorRows } from "./vectorRows.ts";
import { vectorTile } from "./vectorTile.ts";
import { workgroupTile } from "./workgroupTile/index.ts";

// as: each is asked about kernels of its kind alone, and about its own schedules.
const strategies = [
  uniformTile,
  splitK,
  packing,
  panels,
  collapsedSums,
  workgroupTile,
  parallelReduction,
  vectorTile,
  registerTile,
  collapsedRows,
  vectorRows,
  parallelRows,
  threadPerPosition,
] as readonly unknown[] as readonly Strategy[];

/** The strategies for a kind of kernel, in order. */
export const strategiesFor = ({ kind }: Pick<Kernel, "kind">): readonly Strategy[] =>
  strategies.filter((s) => s.kind === kind);

/** The strategy of a schedule. */
export function strategyOf(kernel: Kernel, schedule: Schedule): Strategy {
  const found = strategiesFor(kernel).find((s) => s.name === schedule.strategy);
  if (!found) throw new InternalError(`"${schedule.strategy}" is no strategy for a ${kernel.kind}`);
  return found;
}

export function schedule(kernel: Kernel, target: Target, storages: Storages): Schedule {
  for (const strategy of strategiesFor(kernel)) {
    const chosen = strategy.choose(kernel, target, storages);
    if (chosen) return chosen;
  }
  throw new InternalError(`no strategy takes a ${kernel.kind}`);
}

/** The regions whose kernels carry a kernel out, in order; undefined where it does so itself. */
export function passesOf(
  kernel: Kernel,
  schedule: Schedule,
  storages: Storages,
): readonly Region[] | undefined {
  return strategyOf(kernel, schedule).passes?.(kernel, schedule, storages);
}

/** `register tile 1×6×2×4, unroll 1×5, workgroup 64`: what people read, and what `parseSchedule` takes. */
export function printSchedule(kernel: Kernel, schedule: Schedule): string {
  return printItems(strategyOf(kernel, schedule).items(kernel, schedule));
}

/** What a text says to a strategy: nothing, unless its name comes first. */
function saidTo({ name, labels }: Strategy, text: string): Said | undefined {
  const said = parseItems(text, labels);
  return said?.keys().next().value === name ? said : undefined;
}

/** Whether a text is of a strategy and says what that one decides, whatever the kernel. */
export const isSchedule = (text: string): boolean => strategies.some((s) => saidTo(s, text));

/** The schedule that a text says; undefined where it is none, or not legal for the kernel. A schedule has one text. */
export function parseSchedule(kernel: Kernel, text: string): Schedule | undefined {
  for (const strategy of strategiesFor(kernel)) {
    const said = saidTo(strategy, text);
    const parsed = said && strategy.parse(kernel, said);
    if (parsed) return printSchedule(kernel, parsed) === text ? parsed : undefined;
  }
  return undefined;
}

/** The schedule of a text that was measured. */
export function tunedSchedule(kernel: Kernel, text: string): Schedule | undefined {
  const parsed = parseSchedule(kernel, text);
  return parsed && { ...parsed, tuned: true };
}

/** Each further schedule of the same register tile stands as if it were so much dearer: what is measured shall differ. */
const ALIKE = 1.12;

/**
 * What is worth measuring on the first of the targets, as text, the most promising first: of each strategy the cheapest, by its
 * own price, in turns. Another target's schedules are tried too, but with this one's loops.
 */
export function trialsOf(
  kernel: Kernel,
  targets: readonly [Target, ...Target[]],
  storages: Storages,
  most: number,
): readonly string[] {
  const [{ opaqueBelow, loopedFrom }] = targets;
  const lists = strategiesFor(kernel).map((strategy) => {
    const all = targets.map((target) => ({ ...target, opaqueBelow, loopedFrom }));
    return varied(
      kernel,
      all.flatMap((target) => strategy.trials(kernel, target, storages)),
    );
  });
  const turns = Math.max(...lists.map((l) => l.length));
  const all = Array.from({ length: turns }, (_, i) => lists.flatMap((l) => l[i] ?? [])).flat();
  return [...new Set(all)].slice(0, most);
}

/** Texts by cost, those of another register tile first. */
function varied(kernel: Kernel, trials: readonly Trial[]): readonly string[] {
  const alike = new Map<string, number>();
  return trials
    .toSorted((a, b) => a.cost - b.cost)
    .map(({ schedule, cost }) => {
      const tile = kernel.space.map((a) => schedule.tile.get(a) ?? 1).join();
      const before = alike.get(tile) ?? 0;
      alike.set(tile, before + 1);
      return { text: printSchedule(kernel, schedule), cost: cost * ALIKE ** before };
    })
    .toSorted((a, b) => a.cost - b.cost)
    .map((t) => t.text);
}

const WORKGROUPS = [16, 32, 64, 128, 256];

/** The text of the same schedule but for some fields; none where that is not legal for the kernel, or no other one. */
function changed(
  kernel: Kernel,
  text: string,
  change: (s: Schedule) => Partial<Schedule>,
): readonly string[] {
  const chosen = parseSchedule(kernel, text);
  const other = chosen && printSchedule(kernel, { ...chosen, ...change(chosen) });
  return other === undefined || other === text || !parseSchedule(kernel, other) ? [] : [other];
}

/** The same schedule with loops that hide how often they run, or no longer do: none where the target hides none. */
export function loopsOf(kernel: Kernel, text: string, { opaqueBelow }: Target): readonly string[] {
  return opaqueBelow === 0 ? [] : changed(kernel, text, ({ opaque }) => ({ opaque: !opaque }));
}

/** The same schedule with other numbers of threads in a workgroup, where it says one. */
export function workgroupsOf(kernel: Kernel, text: string): readonly string[] {
  return WORKGROUPS.flatMap((workgroup) => changed(kernel, text, () => ({ workgroup })));
}
