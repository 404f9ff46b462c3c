/** Measured schedules as data: read for a kernel, written for one, and which ones are worth measuring. */
import type { Axis } from "../ir/expr.ts";
import type {
  ContractionKernel,
  Kernel,
  Layouts,
  MapReduceKernel,
  MapReduceSchedule,
  Schedule,
} from "../ir/kernel.ts";
import type { TunedContraction, TunedMapReduce, TunedSchedule } from "../ir/tuning.ts";
import { schedule as defaultSchedule } from "./schedule.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";
import { candidatesOf, scheduleOf } from "./tile.ts";

/** What the rule of a measured schedule ends with. */
export const TUNED = ", tuned";

/** Threads of a workgroup, at most: WebGPU's default limit. */
const LARGEST_WORKGROUP = 256;
/** Positions along N that a thread may hold. */
const LARGEST_BATCH_TILE = 16;
/** Accumulators that a thread may hold: far above what is fast, for what is legal at all. */
const LARGEST_TILE = 512;

/** The schedule that was measured; undefined where the data does not fit the kernel. */
export function tunedSchedule(kernel: Kernel, target: Target, tuned: TunedSchedule): Schedule | undefined {
  if (!isCount(tuned.workgroup, LARGEST_WORKGROUP)) return undefined;
  const plain = plainSchedule(kernel, { ...target, workgroup: tuned.workgroup }, tuned);
  return plain && { ...plain, rule: `${plain.rule}${TUNED}` };
}

function plainSchedule(kernel: Kernel, target: Target, tuned: TunedSchedule): Schedule | undefined {
  if (kernel.kind === "contraction" && tuned.kind === "contraction") {
    if (!fits(kernel, tuned)) return undefined;
    const plain = scheduleOf(kernel, target, choiceOf(kernel, tuned));
    return { ...plain, ...besides(tuned, plain) };
  }
  if (kernel.kind === "mapReduce" && tuned.kind === "mapReduce") {
    const plain = vectorised(kernel, target, tuned);
    return plain && { ...plain, ...besides(tuned, plain) };
  }
  return undefined;
}

/** What is recorded besides the tiling; where it is not, as the target decides. */
function besides({ opaque }: TunedSchedule, plain: Schedule): Pick<Schedule, "opaque"> {
  return { opaque: opaque ?? plain.opaque };
}

function choiceOf(kernel: ContractionKernel, { tile, unroll, share }: TunedContraction) {
  const sizes = (axes: readonly Axis[], list: readonly number[]): Map<string, number> =>
    new Map(axes.flatMap((a, i) => (list[i] === 1 ? [] : [[a.key, list[i] ?? 1] as const])));
  return { tile: sizes(kernel.space, tile), unroll: sizes(kernel.k, unroll), share };
}

function fits(kernel: ContractionKernel, { tile, unroll, share }: TunedContraction): boolean {
  const { space, k, window } = kernel;
  if (tile.length !== space.length || unroll.length !== k.length) return false;
  const columns = kernel.n.at(-1);
  const held = [...tile, ...window.map(extentOf)].reduce((a, x) => a * x, 1);
  const vectors = columns === undefined || (tile[space.indexOf(columns)] ?? 0) % vectorWidth(columns) === 0;
  const most = (axis: Axis): number => Math.min(extentOf(axis), LARGEST_BATCH_TILE);
  const blocks = k.filter((a, i) => unroll[i] !== 1 && unroll[i] !== a.extent); // loops over blocks do not nest
  const lanes = share === null || (share === "lhs" ? kernel.n : kernel.m).some((a) => a.extent !== "N");
  return (
    vectors &&
    lanes &&
    blocks.length <= 1 &&
    held <= LARGEST_TILE &&
    space.every((a, i) => isCount(tile[i], a.extent === "N" ? most(a) : a.extent)) &&
    k.every((a, i) => isCount(unroll[i], a.extent === "N" ? 1 : a.extent))
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
  const axis = kernel.space.find((a) => a.key === plain.vector?.axis);
  if (tuned.vector > (plain.vector?.width ?? 1)) return undefined;
  return { ...plain, vector: vectorOver(axis, tuned.vector) };
}

/** A schedule as data; undefined where the data cannot say it. */
export function untuned(kernel: Kernel, target: Target, schedule: Schedule): TunedSchedule | undefined {
  const { workgroup, opaque } = schedule;
  const data: TunedSchedule =
    schedule.kind === "contraction" && kernel.kind === "contraction"
      ? {
          kind: "contraction",
          workgroup,
          tile: kernel.space.map((a) => schedule.tile.get(a.key) ?? 1),
          unroll: kernel.k.map((a) => schedule.unroll.get(a.key) ?? 1),
          share: schedule.quads?.factor ?? null,
          opaque,
        }
      : { kind: "mapReduce", workgroup, vector: schedule.vector?.width ?? 1, opaque };
  const back = plainSchedule(kernel, { ...target, workgroup }, data);
  return back && textOf(back) === textOf(schedule) ? data : undefined;
}

/** Tiles of 1 say nothing. */
function textOf(schedule: Schedule): string {
  const entries = (map: ReadonlyMap<string, number>): unknown =>
    [...map].filter(([, n]) => n !== 1).toSorted();
  return JSON.stringify(schedule, (_, value) => (value instanceof Map ? entries(value) : value));
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
  layouts: Layouts,
  most: number,
): readonly TunedSchedule[] {
  const [own] = targets;
  if (kernel.kind === "mapReduce") return mapReduceTrials(kernel, own);
  const found = new Map<string, { readonly data: TunedSchedule; readonly cost: number }>();
  const alike = new Map<string, number>();
  const all = targets.flatMap((target) =>
    [...candidatesOf(kernel, target, layouts)].map((candidate) => ({ target, candidate })),
  );
  for (const { target, candidate } of all.toSorted((a, b) => a.candidate.cost - b.candidate.cost)) {
    const said = untuned(kernel, target, scheduleOf(kernel, target, candidate));
    if (!said) continue;
    // Another target's tilings, but not its loops.
    const data = target === own ? said : { ...said, opaque: scheduleOf(kernel, own, candidate).opaque };
    const tile = JSON.stringify([...candidate.tile]);
    const before = alike.get(tile) ?? 0;
    const key = JSON.stringify(data);
    if (found.has(key)) continue;
    alike.set(tile, before + 1);
    found.set(key, { data, cost: candidate.cost * ALIKE ** before });
  }
  return [...found.values()]
    .toSorted((a, b) => a.cost - b.cost)
    .slice(0, most)
    .map((f) => f.data);
}

function mapReduceTrials(kernel: MapReduceKernel, target: Target): readonly TunedSchedule[] {
  const widest = defaultSchedule(kernel, target, new Map()).vector?.width ?? 1;
  const widths = ([4, 2, 1] as const).filter((w) => w <= widest);
  const { workgroup, opaque } = target;
  return widths.map((vector) => ({ kind: "mapReduce", workgroup, vector, opaque }));
}

/** The same schedule with loops that hide how often they run, or no longer do: none where the target hides none. */
export function loopsOf(data: TunedSchedule, { opaque }: Target): readonly TunedSchedule[] {
  return opaque ? [{ ...data, opaque: !(data.opaque ?? opaque) }] : [];
}

/** The same schedule with other numbers of threads in a workgroup. */
export function workgroupsOf(data: TunedSchedule): readonly TunedSchedule[] {
  return WORKGROUPS.filter((w) => w !== data.workgroup).map((workgroup) => ({ ...data, workgroup }));
}
