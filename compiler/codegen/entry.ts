/** The body of a module's entry point: which thread this is, and what its part is. */
import type { Grid } from "../../contract/program.ts";
import type { Team } from "../../contract/tuning.ts";
import { DECLARE_ONCE } from "./wgsl.ts";

/** What the entry point has to know of a part. */
export interface Work {
  readonly text: string;
  readonly grid: Grid;
  /** Whether a loop hides how often it runs: `ONCE` has to be declared. */
  readonly hides: boolean;
  /** Which threads work together: a quad's four; those of a workgroup; or a team, whose grid is one of teams. */
  readonly together: "quad" | "workgroup" | Team | undefined;
}

const GROUP = "group.y * groups.x + group.x";

export function entryBody(bodies: readonly Work[], workgroup: number): readonly string[] {
  const once = bodies.some((b) => b.hides) ? [`  ${DECLARE_ONCE}`] : [];
  const [only] = bodies;
  const work = bodies.length === 1 && only ? alone(only, workgroup) : sideBySide(bodies, workgroup);
  return [...once, ...work];
}

const numberOf = (workgroup: number): string => `i32((${GROUP}) * ${workgroup}u + local)`;

function alone({ grid, text, together }: Work, workgroup: number): readonly string[] {
  const count = threadCount(grid);
  if (!together)
    return [`  let thread = ${numberOf(workgroup)};`, `  if (thread >= ${count}) { return; }`, text];
  if (together === "workgroup")
    return [`  let groupAt = i32(${GROUP});`, `  if (groupAt >= ${count}) { return; }`, text];
  // Threads that are too many stay, so that no quad and no team is torn apart.
  return [
    ...(together === "quad" ? [`  let every = ${numberOf(workgroup)};`] : teamLines(together, workgroup)),
    `  let live = every < ${count};`,
    "  let thread = select(0, every, live);",
    text,
  ];
}

/** Of teams every one has a number. */
function teamLines({ size, inner }: Team, workgroup: number): readonly string[] {
  const teams = workgroup / size;
  const [place, member] = inner === "members" ? [`/ ${size}`, `% ${size}`] : [`% ${teams}`, `/ ${teams}`];
  return [
    `  let place = i32(local) ${place};`,
    `  let member = i32(local) ${member};`,
    `  let every = i32(${GROUP}) * ${teams} + place;`,
  ];
}

/** Independent kernels side by side: each takes the next range of thread numbers. */
function sideBySide(bodies: readonly Work[], workgroup: number): readonly string[] {
  let from = 0;
  const lines = [`  let every = ${numberOf(workgroup)};`];
  bodies.forEach(({ grid, text }, i) => {
    const test = `every < ${from + grid.items}`;
    lines.push(`  ${i === 0 ? "" : "} else "}if (${test}) {`, `    let thread = every - ${from};`, text);
    from += grid.items;
  });
  return [...lines, "  }"];
}

function threadCount(grid: Grid): string {
  if (grid.batchTile === 0) return `${grid.items}`;
  const blocks =
    grid.batchTile === 1 ? "i32(batch.n)" : `(i32(batch.n) + ${grid.batchTile - 1}) / ${grid.batchTile}`;
  if (grid.items === 1) return blocks;
  return grid.batchTile === 1 ? `${blocks} * ${grid.items}` : `(${blocks}) * ${grid.items}`;
}
