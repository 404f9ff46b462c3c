/** Parallel reduction: a contraction of few results, such as a dense layer of one example; a team of threads shares each sum. */
import { WORKGROUP_BYTES } from "../../contract/limits.ts";
import { must } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel, Schedule, Team } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { accumulate, finish, sumOf, writtenOut } from "../lower/contraction.ts";
import { combineParts, loopTogether } from "../lower/team.ts";
import { gridOf, placeThread, type Tiled } from "../lower/threads.ts";
import { batchFirst } from "../math/affine.ts";
import type { Walk } from "../math/locality.ts";
import { binary, int } from "../math/value.ts";
import { parseTiling, tilingItems, tilingLabels } from "./contraction.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, positionsAt, type Target, vectorOver, vectorWidth } from "./target.ts";
import { nearest, parseTeam, printTeam, TEAM_SIZES, teamFor, workgroupOf } from "./teams.ts";

export interface ParallelReduction extends Schedule {
  readonly strategy: "parallel reduction";
  readonly together: Team;
  /** Summed axes that each member writes out whole. */
  readonly unroll: ReadonlyMap<Axis, number>;
}

export const parallelReduction: Strategy<ContractionKernel, ParallelReduction> = {
  name: "parallel reduction",
  kind: "contraction",
  labels: ["parallel reduction", ...tilingLabels],

  choose(kernel, target, storages) {
    const { places, steps, inner, tile, unroll } = smallest(kernel, target, storages);
    const team = teamFor(target, places, steps, inner);
    if (!team || kernel.window.length > 0 || kernel.region.phase === "prepare") return undefined;
    return scheduled(kernel, { tile, unroll, team, workgroup: workgroupOf(target, team) });
  },

  trials(kernel, target, storages) {
    if (!target.gpu) return [];
    const { steps, inner, tile, unroll } = smallest(kernel, target, storages);
    return TEAM_SIZES.filter((size) => size <= steps).map((size) => ({
      schedule: scheduled(kernel, {
        tile,
        unroll,
        team: { size, inner },
        workgroup: workgroupOf(target, { size, inner }),
      }),
      cost: 0,
    }));
  },

  items(kernel, { together, tile, unroll, workgroup }) {
    return [
      [this.name, printTeam(together)],
      ...tilingItems(kernel, "register tile", tile, unroll),
      ["workgroup", workgroup],
    ];
  },

  parse(kernel, said) {
    const tiling = parseTiling(kernel, said, "register tile");
    const team = tiling && parseTeam(said, this.name, tiling.workgroup);
    if (!team) return undefined;
    const whole = [...tiling.unroll].every(([axis, steps]) => steps === axis.extent);
    const columns = kernel.n.at(-1);
    const width = vectorWidth(columns);
    const held = [...tiling.tile.values(), ...kernel.window.map(extentOf)].reduce((a, x) => a * x, 1);
    const bytes = 4 * tiling.workgroup * Math.ceil(held / width) * width;
    return whole && bytes <= WORKGROUP_BYTES ? scheduled(kernel, { ...tiling, team }) : undefined;
  },

  grid: (kernel, schedule) => gridOf(tilesOf(kernel, schedule)),

  lower(lowering, { thread, live, members, past }, kernel, schedule, vector) {
    const team = must(members, "team");
    const { held, busy } = placeThread(lowering, thread, tilesOf(kernel, schedule), vector, past);
    const accumulation = accumulate(lowering, kernel, held, vector);
    const { sums, factors, add } = accumulation;
    const { written, looped } = writtenOut(kernel.k, schedule.unroll);
    loopTogether(lowering, looped, team, sumOf(sums, written.length), (at, into) =>
      add(
        written.map((w) => factors(new Map([...at, ...w]))),
        into,
      ),
    );
    combineParts(lowering, "sum", sums, team);
    // A team works on as a whole; what is not asked for is not stored.
    finish(lowering, kernel, accumulation, [
      ...(live ? [live] : []),
      binary("==", team.member, int(0)),
      ...busy,
    ]);
  },
};

function tilesOf({ space }: ContractionKernel, { tile }: Schedule): readonly Tiled[] {
  return batchFirst(space).map((axis) => ({ axis, tile: tile.get(axis) ?? 1 }));
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

function scheduled(
  kernel: ContractionKernel,
  {
    tile,
    unroll,
    team,
    workgroup,
  }: Pick<ParallelReduction, "tile" | "unroll" | "workgroup"> & { readonly team: Team },
): ParallelReduction {
  const columns = kernel.n.at(-1);
  return {
    strategy: "parallel reduction",
    workgroup,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    unroll,
    together: team,
    opaque: false,
  };
}
