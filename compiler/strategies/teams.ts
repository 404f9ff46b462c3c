/** Teams: how many threads share a sum, and which are neighbours. For every strategy in which threads add up together. */
import { WORKGROUP_THREADS } from "../../contract/limits.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import type { Team } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { sectorsOf, type Walk } from "../math/locality.ts";
import type { Target } from "./target.ts";
import { parseCount, parseWord, type Said } from "./text.ts";

/** Steps that a member has at least, so that it is worth meeting. */
const LEAST = 4;

/** Sizes that are worth measuring. */
export const TEAM_SIZES = [4, 8, 16, 32, 64, 128, 256] as const;

/** A team for `places` sums of `steps` steps each; undefined where threads are many anyway, or sums short. */
export function teamFor(
  target: Target,
  places: number,
  steps: number,
  inner: Team["inner"],
): Team | undefined {
  if (!target.gpu) return undefined;
  const { threads } = target.gpu;
  let size = 1;
  while (size < WORKGROUP_THREADS && places * size * 2 <= threads && steps >= size * 2 * LEAST) size *= 2;
  return size > 1 ? { size, inner } : undefined;
}

/** Threads of a workgroup that holds whole teams. */
export const workgroupOf = ({ workgroup }: Target, { size }: Team): number => Math.max(workgroup, size);

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

/** `32 members`: how many add up together, and who is a neighbour. */
export const printTeam = ({ size, inner }: Team): string => `${size} ${inner}`;

/** Undefined where it is no team of this workgroup's threads. */
export function parseTeam(said: Said, label: string, workgroup: number): Team | undefined {
  const [count, word, ...others] = said.get(label)?.split(" ") ?? [];
  const size = parseCount(count, workgroup);
  const inner = parseWord(word, ["members", "places"]);
  if (!size || !inner || others.length > 0) return undefined;
  return size > 1 && workgroup % size === 0 ? { size, inner } : undefined;
}
