/** The beginning of a kernel: which thread this is, and what its part is. */
import type { Grid } from "../../contract/program.ts";
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

function threadNumber(workgroup: number): Value {
  const first = times(builtin("group"), uint(workgroup));
  return convert(plus(first, builtin("local")), "i32");
}

/** A part that has the kernel to itself. */
export function enter(grid: Grid, together: Together | null, workgroup: number): Entry {
  const builder = new Builder(false);
  const count = countOf(grid);
  if (together === null || together === "workgroup") {
    const thread =
      together === "workgroup"
        ? builder.let("block", groupNumber())
        : builder.let("thread", threadNumber(workgroup));
    builder.if(binary(">=", thread, count), () => builder.push({ kind: "return" }));
    return { statements: builder.statements, thread, past: together ? "clamped" : "gone" };
  }
  // Threads that are too many stay, so that no quad and no team is torn apart.
  const members = together === "quad" ? undefined : membersOf(builder, together, workgroup);
  const number = members
    ? plus(times(groupNumber(), int(workgroup / members.size)), members.place)
    : threadNumber(workgroup);
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

/** A part among several: it takes the next range of thread numbers. */
export interface Neighbour {
  readonly grid: Grid;
  /** What it does, given the number of its thread. */
  body(entry: Entry): readonly Stmt[];
}

/** Independent kernels side by side. */
export function sideBySide(parts: readonly Neighbour[], workgroup: number): readonly Stmt[] {
  const builder = new Builder(false);
  const every = builder.let("every", threadNumber(workgroup));
  const from = (i: number, first: number): readonly Stmt[] => {
    const part = parts[i];
    if (part === undefined) return [];
    const next = first + part.grid.items;
    const body = builder.nested(() => {
      const thread = builder.let("thread", binary("-", every, int(first)));
      for (const s of part.body({ statements: [], thread, past: "gone" })) builder.push(s);
    });
    const otherwise = from(i + 1, next);
    const condition = less(every, int(next));
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
