/** Parallel rows: a mapReduce of few rows with long reductions, such as a softmax; a team of threads shares each row. */
import { must } from "../errors.ts";
import type { Axis } from "../ir/expr.ts";
import type { MapReduceKernel, Team } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { lowerRows, rowTiles } from "../lower/rows.ts";
import { gridOf } from "../lower/threads.ts";
import type { Strategy } from "./strategy.ts";
import { positionsAt, type Target } from "./target.ts";
import { nearest, parseTeam, printTeam, TEAM_SIZES, teamFor, workgroupOf } from "./teams.ts";
import {
  longReductions,
  parseRows,
  type RowChoice,
  type Rows,
  rowItems,
  rowSchedule,
  rowsFor,
  widthsOf,
} from "./threadPerPosition.ts";

export interface ParallelRows extends Rows {
  readonly strategy: "parallel rows";
  readonly together: Team;
}

export const parallelRows: Strategy<MapReduceKernel, ParallelRows> = {
  name: "parallel rows",
  kind: "mapReduce",
  labels: ["parallel rows", "vector", "workgroup", "opaque loops"],

  choose(kernel, target, storages) {
    const team = teamOf(kernel, target, storages);
    return (
      team && scheduled(kernel, { ...rowsFor(kernel, target), workgroup: workgroupOf(target, team) }, team)
    );
  },

  trials(kernel, target, storages) {
    const team = teamOf(kernel, target, storages);
    if (!team) return [];
    const rows = rowsFor(kernel, target);
    const sizes = [team.size, ...TEAM_SIZES.filter((size) => size !== team.size)];
    return sizes.flatMap((size) => {
      const tried = { ...team, size };
      const workgroup = workgroupOf(target, tried);
      return widthsOf(rows).map((width) => ({
        schedule: scheduled(kernel, { ...rows, width, workgroup }, tried),
        cost: 0,
      }));
    });
  },

  items(_, schedule) {
    return [[this.name, printTeam(schedule.together)], ...rowItems(schedule)];
  },

  parse(kernel, said) {
    const rows = parseRows(kernel, said);
    const team = rows && parseTeam(said, this.name, rows.workgroup);
    return team && scheduled(kernel, rows, team);
  },

  grid: (kernel, schedule) => gridOf(rowTiles(kernel, schedule)),

  lower(lowering, entry, kernel, schedule, vector) {
    lowering.together = must(entry.members, "team");
    lowerRows(lowering, entry, kernel, schedule.serial, rowTiles(kernel, schedule), vector);
  },
};

/** A team for each row where there are few rows, and long reductions. */
function teamOf(kernel: MapReduceKernel, target: Target, storages: Storages): Team | undefined {
  const { long, serial } = longReductions(kernel);
  const [first] = long;
  if (!first) return undefined;
  const rows = kernel.space.filter((a) => !serial.includes(a));
  const size = (axes: readonly Axis[]): number => positionsAt(axes, target);
  const places = rows.map((axis) => ({ axis, step: 1 }));
  const steps = Math.max(...long.map((e) => size(e.axes)));
  return teamFor(target, size(rows), steps, nearest(long, first.axes, places, storages));
}

function scheduled(kernel: MapReduceKernel, choice: RowChoice, team: Team): ParallelRows {
  return { ...rowSchedule(kernel, choice), strategy: "parallel rows", together: team };
}
