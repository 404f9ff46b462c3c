/** Measured schedules as data: read for a kernel, written for one, and which ones are worth measuring. */
import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { TunedContraction, TunedMapReduce, TunedSchedule } from "../../contract/tuning.ts";
import type { Axis } from "../ir/expr.ts";
import type {
  ContractionKernel,
  Kernel,
  MapReduceKernel,
  MapReduceSchedule,
  Schedule,
} from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown } from "../ir/type.ts";
import { scheduleIdentity } from "../math/identity.ts";
import { schedule as defaultSchedule, withTeam } from "./schedule.ts";
import { fitsMemory, fitsStage, stagedSchedule, stagingsOf } from "./stage.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";
import { fitsTeam, SIZES, teamSchedule, teamsOf } from "./team.ts";
import { candidatesOf, scheduleOf } from "./tile.ts";

/** What the rule of a measured schedule ends with. */
export const TUNED = ", tuned";

/** Positions along N that a thread may hold. */
const LARGEST_BATCH_TILE = 16;
/** Accumulators that a thread may hold: far above what is fast, for what is legal at all. */
const LARGEST_TILE = 512;

/** The schedule that was measured; undefined where the data does not fit the kernel. */
export function tunedSchedule(kernel: Kernel, target: Target, tuned: TunedSchedule): Schedule | undefined {
  if (!isCount(tuned.workgroup, WORKGROUP_THREADS)) return undefined;
  const plain = plainSchedule(kernel, { ...target, workgroup: tuned.workgroup }, tuned);
  return plain && { ...plain, rule: `${plain.rule}${TUNED}` };
}

function plainSchedule(kernel: Kernel, target: Target, tuned: TunedSchedule): Schedule | undefined {
  if (kernel.kind === "contraction" && tuned.kind === "contraction") {
    if (!fits(kernel, tuned)) return undefined;
    const choice = choiceOf(kernel, tuned);
    const { stage, team = null } = tuned;
    if (stage) return stagedSchedule(kernel, { stage, tile: choice.tile });
    const plain = team
      ? teamSchedule(kernel, target, { ...choice, team })
      : scheduleOf(kernel, target, choice);
    return { ...plain, ...besides(tuned, plain) };
  }
  if (kernel.kind === "mapReduce" && tuned.kind === "mapReduce") {
    const plain = vectorised(kernel, { ...target, workgroupMemory: false }, tuned);
    const { team } = tuned;
    if (!plain || !team) return plain && { ...plain, ...besides(tuned, plain) };
    return fitsTeam(team, tuned.workgroup)
      ? { ...withTeam(plain, team), ...besides(tuned, plain) }
      : undefined;
  }
  return undefined;
}

/** What is recorded besides the tiling; where it is not, as the target decides. */
function besides({ opaque }: TunedSchedule, plain: Schedule): Pick<Schedule, "opaque"> {
  return { opaque: opaque ?? plain.opaque };
}

function choiceOf(kernel: ContractionKernel, { tile, unroll, share }: TunedContraction) {
  const sizes = (axes: readonly Axis[], list: readonly number[]): Map<Axis, number> =>
    new Map(axes.flatMap((a, i) => (list[i] === 1 ? [] : [[a, list[i] ?? 1] as const])));
  return { tile: sizes(kernel.space, tile), unroll: sizes(kernel.k, unroll), share };
}

function fits(kernel: ContractionKernel, tuned: TunedContraction): boolean {
  const { tile, unroll, share, stage, team, workgroup } = tuned;
  const { space, k, window } = kernel;
  if (tile.length !== space.length || unroll.length !== k.length) return false;
  const columns = kernel.n.at(-1);
  const held = [...tile, ...window.map(extentOf)].reduce((a, x) => a * x, 1);
  const vectors = columns === undefined || (tile[space.indexOf(columns)] ?? 0) % vectorWidth(columns) === 0;
  const most = (axis: Axis): number => Math.min(extentOf(axis), LARGEST_BATCH_TILE);
  const blocks = k.filter((a, i) => unroll[i] !== 1 && unroll[i] !== a.extent); // loops over blocks do not nest
  const lanes = share === null || (share === "lhs" ? kernel.n : kernel.m).some((a) => isKnown(a.extent));
  // Those who work together take steps one by one, or whole axes of them, and have no quads.
  const together = (stage || team) && (share !== null || blocks.length > 0);
  if (together || (stage && team)) return false;
  if (stage && (unroll.some((n) => n !== 1) || !fitsStage(kernel, tuned, stage))) return false;
  const columnsHeld = columns ? vectorWidth(columns) : 1;
  if (
    team &&
    !(fitsTeam(team, workgroup) && fitsMemory(4 * workgroup * Math.ceil(held / columnsHeld) * columnsHeld))
  )
    return false;
  return (
    vectors &&
    lanes &&
    blocks.length <= 1 &&
    held <= LARGEST_TILE &&
    space.every((a, i) => isCount(tile[i], isKnown(a.extent) ? a.extent : most(a))) &&
    k.every((a, i) => isCount(unroll[i], isKnown(a.extent) ? a.extent : 1))
  );
}

const isCount = (value: unknown, most: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most;

function vectorised(
  kernel: MapReduceKernel,
  target: Target,
  tuned: TunedMapReduce,
): MapReduceSchedule | undefined {
  const plain = defaultSchedule(kernel, target, new Map());
  if (plain.kind !== "mapReduce") return undefined;
  if (tuned.vector > (plain.vector?.width ?? 1)) return undefined;
  return { ...plain, vector: vectorOver(plain.vector?.axis, tuned.vector) };
}

/** A schedule as data; undefined where the data cannot say it. */
export function untuned(kernel: Kernel, target: Target, schedule: Schedule): TunedSchedule | undefined {
  const { workgroup, opaque } = schedule;
  const data: TunedSchedule =
    schedule.kind === "contraction" && kernel.kind === "contraction"
      ? {
          kind: "contraction",
          workgroup,
          tile: kernel.space.map((a) => schedule.tile.get(a) ?? 1),
          unroll: kernel.k.map((a) => schedule.unroll.get(a) ?? 1),
          share: schedule.quads?.factor ?? null,
          opaque,
          ...(schedule.stage && { stage: schedule.stage }),
          ...(schedule.team && { team: schedule.team }),
        }
      : {
          kind: "mapReduce",
          workgroup,
          vector: schedule.vector?.width ?? 1,
          opaque,
          ...(schedule.team && { team: schedule.team }),
        };
  const back = plainSchedule(kernel, { ...target, workgroup }, data);
  return back && sameSchedule(kernel, back, schedule) ? data : undefined;
}

/** The sizes of axes in their order; 1 where nothing is said. */
function sizesOf(axes: readonly Axis[], sizes: ReadonlyMap<Axis, number>): string {
  return axes.map((a) => sizes.get(a) ?? 1).join();
}

function sameSchedule(kernel: Kernel, a: Schedule, b: Schedule): boolean {
  const axes = kernel.kind === "contraction" ? [...kernel.axes, ...kernel.k, ...kernel.space] : kernel.space;
  const number = (axis: Axis): number => axes.indexOf(axis);
  return scheduleIdentity(a, number) === scheduleIdentity(b, number) && a.rule === b.rule;
}

/** Each further tiling of the same register tile stands as if it were so much dearer: what is measured shall differ. */
const ALIKE = 1.12;
const WORKGROUPS = [16, 32, 64, 128, 256];

/**
 * What is worth measuring on the first of the targets, the most promising first: tilings in the order of their price on
 * any of them, each as data. The compiler's own choice is among them where data can say it.
 */
export function trialsOf(
  kernel: Kernel,
  targets: readonly [Target, ...Target[]],
  storages: Storages,
  most: number,
): readonly TunedSchedule[] {
  const [own] = targets;
  if (kernel.kind === "mapReduce") return mapReduceTrials(kernel, own, storages);
  const together = own.workgroupMemory ? togetherTrials(kernel, own, storages, Math.ceil(most / 2)) : [];
  const found = new Map<string, { readonly data: TunedSchedule; readonly cost: number }>();
  const alike = new Map<string, number>();
  const all = targets.flatMap((target) =>
    [...candidatesOf(kernel, target, storages)].map((candidate) => ({ target, candidate })),
  );
  for (const { target, candidate } of all.toSorted((a, b) => a.candidate.cost - b.candidate.cost)) {
    const said = untuned(kernel, target, scheduleOf(kernel, target, candidate));
    if (!said) continue;
    // Another target's tilings, but not its loops.
    const data = target === own ? said : { ...said, opaque: scheduleOf(kernel, own, candidate).opaque };
    const tile = sizesOf(kernel.space, candidate.tile);
    const before = alike.get(tile) ?? 0;
    const key = JSON.stringify(data);
    if (found.has(key)) continue;
    alike.set(tile, before + 1);
    found.set(key, { data, cost: candidate.cost * ALIKE ** before });
  }
  const apart = [...found.values()].toSorted((a, b) => a.cost - b.cost).map((f) => f.data);
  return [...together, ...apart].slice(0, most);
}

/** Blocks of threads that fetch together, those that differ in the register tile first; and teams. */
function togetherTrials(
  kernel: ContractionKernel,
  target: Target,
  storages: Storages,
  most: number,
): readonly TunedSchedule[] {
  const teams = teamsOf(kernel, target, storages).map((t) => teamSchedule(kernel, target, t));
  const alike = new Map<string, number>();
  const stagings = [...stagingsOf(kernel, target)]
    .toSorted((a, b) => a.cost - b.cost)
    .map((staging) => {
      const tile = sizesOf(kernel.space, staging.tile);
      const before = alike.get(tile) ?? 0;
      alike.set(tile, before + 1);
      return { staging, cost: staging.cost * ALIKE ** before };
    })
    .toSorted((a, b) => a.cost - b.cost)
    .slice(0, Math.max(0, most - teams.length))
    .map(({ staging }) => stagedSchedule(kernel, staging));
  return [...teams, ...stagings].flatMap((s) => untuned(kernel, target, s) ?? []);
}

function mapReduceTrials(
  kernel: MapReduceKernel,
  target: Target,
  storages: Storages,
): readonly TunedSchedule[] {
  const chosen = defaultSchedule(kernel, target, storages);
  const widest = chosen.vector?.width ?? 1;
  const widths = ([4, 2, 1] as const).filter((w) => w <= widest);
  const { workgroup, opaque } = target;
  const team = chosen.kind === "mapReduce" ? chosen.team : null;
  const teams = team
    ? [team, ...SIZES.filter((n) => n !== team.size).map((size) => ({ ...team, size }))]
    : [];
  return [...teams, undefined].flatMap((t) =>
    widths.map((vector) => ({
      kind: "mapReduce" as const,
      workgroup,
      vector,
      opaque,
      ...(t && { team: t }),
    })),
  );
}

/** The same schedule with loops that hide how often they run, or no longer do: none where the target hides none. */
export function loopsOf(data: TunedSchedule, { opaque }: Target): readonly TunedSchedule[] {
  return opaque ? [{ ...data, opaque: !(data.opaque ?? opaque) }] : [];
}

/** The same schedule with other numbers of threads in a workgroup; a stage is one number of threads. */
export function workgroupsOf(data: TunedSchedule): readonly TunedSchedule[] {
  if (data.kind === "contraction" && data.stage) return [];
  const sizes = WORKGROUPS.filter((w) => w !== data.workgroup && w % (data.team?.size ?? 1) === 0);
  return sizes.map((workgroup) => ({ ...data, workgroup }));
}
