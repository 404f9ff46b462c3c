/** Which kernels have so few results, and so long sums, that teams of threads share the sums; and how large teams are. */
import type { Team } from "../../contract/tuning.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import type { ContractionKernel, ContractionSchedule } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { batchFirst } from "../math/affine.ts";
import { sectorsOf, type Walk } from "../math/locality.ts";
import { extentOf, positionsAt, type Target, vectorOver, vectorWidth } from "./target.ts";

/** Threads that keep a GPU busy: some thousands on a phone's, 200,000 on the largest. */
export const BUSY = 32_768;
/** Members at most, which is the workgroup; and steps that each has at least, so that it is worth meeting. */
const LARGEST = 64;
const LEAST = 4;

/** A team for `places` sums of `steps` steps each; null where threads are many anyway, or sums short. */
export function teamOf(target: Target, places: number, steps: number, inner: Team["inner"]): Team | null {
  if (!target.workgroupMemory) return null;
  let size = 1;
  while (size < LARGEST && places * size * 2 <= BUSY && steps >= size * 2 * LEAST) size *= 2;
  return size > 1 ? { size, inner } : null;
}

/** Who should be neighbours: members, at successive steps of a sum, or places; whoever reads less memory. */
export function nearest(
  values: readonly Expr[],
  steps: readonly Axis[],
  places: readonly Walk[],
  storages: Storages,
): Team["inner"] {
  const walk = steps.map((axis): Walk => ({ axis, step: 1 }));
  return sectorsOf(values, walk, storages) < sectorsOf(values, places, storages) ? "members" : "places";
}

/** Sizes of teams that are worth measuring. */
export const SIZES = [4, 8, 16, 32, 64] as const;

/** Whether a team is one of this workgroup's threads. */
export function fitsTeam({ size, inner }: Team, workgroup: number): boolean {
  return size > 1 && workgroup % size === 0 && (inner === "members" || inner === "places");
}

/** A way to share a contraction's sums. */
export interface Shared {
  readonly team: Team;
  readonly tile: ReadonlyMap<Axis, number>;
  readonly unroll: ReadonlyMap<Axis, number>;
}

/** A contraction of few results, such as a dense layer of one example: a vector a team. */
export function scheduleTeam(
  kernel: ContractionKernel,
  target: Target,
  storages: Storages,
): ContractionSchedule | undefined {
  const { places, steps, ...shared } = smallest(kernel, target, storages);
  const team = teamOf(target, places, steps, shared.inner);
  if (!team || kernel.window.length > 0 || kernel.region.phase === "prepare") return undefined;
  return teamSchedule(kernel, target, { ...shared, team });
}

/** Teams of every size, if there is a sum to share. */
export function teamsOf(kernel: ContractionKernel, target: Target, storages: Storages): readonly Shared[] {
  const { steps, inner, ...shared } = smallest(kernel, target, storages);
  return SIZES.filter((size) => size <= steps).map((size) => ({ ...shared, team: { size, inner } }));
}

/** The smallest tile, a vector; how many there are, and how many steps each takes. The taps of a window are written out. */
function smallest(kernel: ContractionKernel, target: Target, storages: Storages) {
  const columns = kernel.n.at(-1);
  const width = vectorWidth(columns);
  const size = (axes: readonly Axis[]): number => positionsAt(axes, target);
  const taps = kernel.k.slice(1).filter((a) => extentOf(a) <= 3);
  const looped = kernel.k.filter((a) => !taps.includes(a));
  const walk = batchFirst(kernel.space).map((axis): Walk => ({ axis, step: axis === columns ? width : 1 }));
  return {
    tile: new Map(columns ? [[columns, width]] : []),
    unroll: new Map(taps.map((a) => [a, extentOf(a)])),
    places: size(kernel.space) / width,
    steps: size(looped),
    inner: nearest([kernel.lhs, kernel.rhs], looped, walk, storages),
  };
}

export function teamSchedule(
  kernel: ContractionKernel,
  target: Target,
  { team, tile, unroll }: Shared,
): ContractionSchedule {
  const columns = kernel.n.at(-1);
  return {
    kind: "contraction",
    workgroup: target.workgroup,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    unroll,
    order: batchFirst(kernel.space),
    quads: null,
    stage: null,
    team,
    looped: false,
    opaque: false,
    rule: `teams of ${team.size} share each sum`,
  };
}
