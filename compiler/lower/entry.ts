/** The beginning of a kernel: which thread this is, and what its part is. */
import type { Grid } from "../../contract/program.ts";
import { InternalError, must } from "../errors.ts";
import type { Team, Together } from "../ir/kernel.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Value } from "../ir/value.ts";
import { batchCount, binary, builtin, choose, convert, int, less, plus, times, uint } from "../math/value.ts";
import { Builder } from "./builder.ts";
import type { Members } from "./team.ts";
import type { Past } from "./threads.ts";

/** What a part has to know of where it is. */
export interface Entry {
  readonly statements: readonly Stmt[];
  /** The number of the thread, of its team, or of its workgroup: what `grid` counts. */
  readonly thread: Value;
  /** Whether the thread is asked for: those too many stay where they are needed by others. */
  readonly live?: Value;
  readonly members?: Members;
  readonly past: Past;
}

const groupNumber = (): Value => convert(builtin("group"), "i32");

/** Of a workgroup among those of a part, or among all. */
function threadNumber(workgroup: number, group?: Value): Value {
  if (group) return plus(times(group, int(workgroup)), convert(builtin("local"), "i32"));
  const first = times(builtin("group"), uint(workgroup));
  return convert(plus(first, builtin("local")), "i32");
}

/** A part that has its workgroups to itself: all, or those counted by `group`. */
export function enter(grid: Grid, together: Together | null, workgroup: number, group?: Value): Entry {
  const builder = new Builder(false);
  const count = countOf(grid);
  if (together === null || together === "workgroup") {
    const thread =
      together === "workgroup"
        ? builder.let("block", group ?? groupNumber())
        : builder.let("thread", threadNumber(workgroup, group));
    builder.if(binary(">=", thread, count), () => builder.push({ kind: "return" }));
    return { statements: builder.statements, thread, past: together ? "clamped" : "gone" };
  }
  // Threads that are too many stay, so that no quad and no team is torn apart.
  const members = together === "quad" ? undefined : membersOf(builder, together, workgroup);
  const number = members
    ? plus(times(group ?? groupNumber(), int(workgroup / members.size)), members.place)
    : threadNumber(workgroup, group);
  const every = builder.let("every", number);
  const live = builder.let("live", less(every, count));
  const thread = builder.let("thread", choose(live, every, int(0)));
  return { statements: builder.statements, thread, live, past: "clamped", ...(members && { members }) };
}

/** Of teams every one has a number, and of a team every member. */
function membersOf(builder: Builder, team: Team, workgroup: number): Members {
  const local = convert(builtin("local"), "i32");
  const teams = workgroup / team.size;
  const [place, member] =
    team.inner === "members"
      ? [binary("/", local, int(team.size)), binary("%", local, int(team.size))]
      : [binary("%", local, int(teams)), binary("/", local, int(teams))];
  return { ...team, workgroup, place: builder.let("place", place), member: builder.let("member", member) };
}

/** How many threads one of what `together` counts is. */
export function threadsIn(together: Together | null, workgroup: number): number {
  if (together === "workgroup") return workgroup;
  return typeof together === "object" && together ? together.size : 1;
}

/** A part among several. */
export interface Neighbour {
  readonly grid: Grid;
  readonly together: Together | null;
  /** What it does, given where it begins. */
  body(entry: Entry): readonly Stmt[];
}

/**
 * Threads of several parts. Where all of them work by themselves each part takes a range of their numbers, else one of the workgroups, so
 * that none is torn apart; and where there is a factor of the batch, such a range in each block of examples.
 */
export function gridBeside(parts: readonly Omit<Neighbour, "body">[], workgroup: number): Grid {
  const items = sizesBeside(parts, workgroup).reduce((a, n) => a + n, 0);
  const { batchTile } = must(parts[0], "part").grid;
  return { items: items * (parts.some(meets) ? workgroup : 1), batchTile };
}

const meets = ({ together }: Omit<Neighbour, "body">): boolean => together !== null;

/** The range that each takes. */
function sizesBeside(parts: readonly Omit<Neighbour, "body">[], workgroup: number): readonly number[] {
  const [batchTile, ...others] = new Set(parts.map((p) => p.grid.batchTile));
  const [kind, ...kinds] = new Set(parts.map((p) => p.together));
  const whole = kinds.length === 0 && (kind === null || kind === "workgroup");
  if (others.length > 0 || (batchTile !== 0 && !whole))
    throw new InternalError("the batch tears the workgroups of a kernel apart");
  if (whole) return parts.map((p) => p.grid.items);
  return parts.map((p) => Math.ceil((p.grid.items * threadsIn(p.together, workgroup)) / workgroup));
}

/** Independent kernels side by side. */
export function sideBySide(parts: readonly Neighbour[], workgroup: number): readonly Stmt[] {
  const builder = new Builder(false);
  const together = parts.some(meets);
  const sizes = sizesBeside(parts, workgroup);
  const { batchTile } = must(parts[0], "part").grid;
  const items = sizes.reduce((a, n) => a + n, 0);
  const every = builder.let("every", together ? groupNumber() : threadNumber(workgroup));
  let [number, examples]: [Value, Value | undefined] = [every, undefined];
  if (batchTile > 0) {
    builder.if(binary(">=", every, countOf({ items, batchTile })), () => builder.push({ kind: "return" }));
    examples = builder.let("examples", binary("/", every, int(items)));
    number = builder.let("within", binary("%", every, int(items)));
  }
  const from = (i: number, first: number): readonly Stmt[] => {
    const [part, size = 0] = [parts[i], sizes[i]];
    if (part === undefined) return [];
    const next = first + size;
    const body = builder.nested(() => {
      const own = binary("-", number, int(first));
      const place = builder.let(
        together ? "group" : "thread",
        examples ? plus(times(examples, int(size)), own) : own,
      );
      const entry: Entry = together
        ? enter(part.grid, part.together, workgroup, place)
        : { statements: [], thread: place, past: "gone" };
      for (const s of part.body(entry)) builder.push(s);
    });
    const otherwise = from(i + 1, next);
    const condition = less(number, int(next));
    return [{ kind: "if", condition, body, ...(otherwise.length > 0 && { otherwise }) }];
  };
  for (const s of from(0, 0)) builder.push(s);
  return builder.statements;
}

/** How many there are, as i32. */
function countOf({ items, batchTile }: Grid): Value {
  if (batchTile === 0) return int(items);
  const blocks = binary("/", plus(batchCount(), int(batchTile - 1)), int(batchTile));
  return times(blocks, int(items));
}
