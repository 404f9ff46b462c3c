/** Windows of lines that occur more than once, and could be functions: they are alike, and what follows reads their last line alone. */
import { isRef, type Ref, refsIn } from "../recorder.ts";
import {
  type Bodies,
  isUse,
  kindOf,
  type Line,
  leavesOf,
  lengthOf,
  resultsOf,
  skeletonOf,
  statementsOf,
} from "./body.ts";

/** Where a window begins. */
export interface Place {
  readonly body: number;
  readonly start: number;
}
export interface Window {
  readonly length: number;
  /** Where it is. */
  readonly places: readonly Place[];
  /** How long the code of its lines is. */
  readonly code: number;
  /** Whether it begins with a layer that has parameters. */
  readonly leads: boolean;
}

interface Read {
  /** The line that gives it; −1 outside. */
  readonly from: number;
  readonly result: number;
  readonly kind: string;
}
/** A line as windows see it; a call is in none. */
interface Row {
  readonly skeleton: string | undefined;
  readonly reads: readonly Read[];
  /** The last line that reads one of its results. */
  readonly until: number;
  readonly code: number;
  readonly leads: boolean;
  /** Whether it gives one tensor. */
  readonly single: boolean;
}

/** Windows of at least so many lines. */
const SHORTEST = 3;

/** A window while it grows. */
interface Grown extends Place {
  /** The last line that reads what is within, its last line not counted. */
  readonly until: number;
}

/** Windows that could be functions. `kept` are read by what follows all lines; `spend` counts steps, and says whether there are more. */
export function windowsOf(
  bodies: Bodies,
  kept: ReadonlySet<Ref>,
  spend: (steps: number) => boolean,
): readonly Window[] {
  const found: Window[] = [];
  const tables = bodies.map((_, b) => rowsOf(bodies, b, kept));
  const rowAt = ({ body, start }: Place, offset: number): Row | undefined => tables[body]?.[start + offset];
  let groups: (readonly Grown[])[] = [
    tables.flatMap((rows, body) => rows.map((_, start) => ({ body, start, until: -1 }))),
  ];
  for (let length = 1; groups.length > 0; length++) {
    const longer: (readonly Grown[])[] = [];
    for (const group of groups) {
      if (!spend(group.length + length)) return found;
      const alike = new Map<string, Grown[]>();
      for (const grown of group) {
        const row = rowAt(grown, length - 1);
        if (row?.skeleton === undefined) continue;
        const before = length > 1 ? (rowAt(grown, length - 2)?.until ?? -1) : -1;
        const next = { ...grown, until: Math.max(grown.until, before) };
        const key = keyOf(row, grown.start);
        const others = alike.get(key);
        if (others) others.push(next);
        else alike.set(key, [next]);
      }
      for (const same of alike.values()) {
        if (same.length < 2) continue;
        longer.push(same);
        const window = length >= SHORTEST && windowOf(same, length, rowAt);
        if (window) found.push(window);
      }
    }
    groups = longer;
  }
  return found;
}

/** What is equal of two lines at the same place of windows that are alike: reads within the window are of the same line. */
const keyOf = ({ skeleton, reads }: Row, start: number): string =>
  `${skeleton}${reads.map(({ from, result, kind }) => (from >= start ? ` ${from - start}.${result}` : ` ${kind}`)).join("")}`;

function windowOf(
  same: readonly Grown[],
  length: number,
  rowAt: (place: Place, offset: number) => Row | undefined,
): Window | undefined {
  const places: Place[] = [];
  for (const { body, start, until } of same) {
    if (until >= start + length || !rowAt({ body, start }, length - 1)?.single) continue;
    const last = places.at(-1);
    // What overlaps itself is more than one round of something shorter.
    if (last?.body === body && start < last.start + length) return undefined;
    places.push({ body, start });
  }
  const [first] = places;
  if (!first || places.length < 2) return undefined;
  const rows = Array.from({ length }, (_, k) => rowAt(first, k));
  if (repeats(rows.map((row) => row?.skeleton))) return undefined;
  const code = rows.reduce((sum, row) => sum + (row?.code ?? 0), 0);
  return { length, places, code, leads: rows[0]?.leads ?? false };
}

/** Whether a list begins with a shorter one twice or more, and goes on with it: then that is what repeats. By its longest border (Knuth, Morris & Pratt 1977). */
function repeats(list: readonly unknown[]): boolean {
  const border = [0];
  for (let i = 1, k = 0; i < list.length; i++) {
    while (k > 0 && list[i] !== list[k]) k = border[k - 1] ?? 0;
    if (list[i] === list[k]) k++;
    border.push(k);
  }
  const period = list.length - (border.at(-1) ?? 0);
  return 2 * period <= list.length;
}

/** The lines of a body, as they are in its first call. */
function rowsOf(bodies: Bodies, body: number, kept: ReadonlySet<Ref>): readonly Row[] {
  const lines = bodies[body]?.calls[0] ?? [];
  const makers = new Map<Ref, number>();
  lines.forEach((line, k) => {
    for (const ref of resultsOf(line, bodies)) makers.set(ref, k);
  });
  const until = lines.map((line) =>
    resultsOf(line, bodies).some((ref) => kept.has(ref)) ? lines.length : -1,
  );
  lines.forEach((line, k) => {
    for (const ref of readsOf(line, bodies)) {
      const from = makers.get(ref);
      if (from !== undefined && from !== k) until[from] = Math.max(until[from] ?? k, k);
    }
  });
  return lines.map((line, k) => {
    const all = { until: until[k] ?? -1, single: resultsOf(line, bodies).length === 1 };
    if (isUse(line)) return { ...all, skeleton: undefined, reads: [], code: 0, leads: false };
    const reads = leavesOf(line).flatMap(({ leaf }) =>
      isRef(leaf)
        ? [
            {
              from: makers.get(leaf) ?? -1,
              result: leaf.statement.results.indexOf(leaf),
              kind: kindOf(leaf.tensor.node.type),
            },
          ]
        : [],
    );
    return { ...all, skeleton: skeletonOf(line), reads, code: lengthOf(line), leads: line.weights.size > 0 };
  });
}

const readsOf = (line: Line, bodies: Bodies): readonly Ref[] =>
  statementsOf(line, bodies).flatMap(({ args }) => args.flatMap(refsIn));
