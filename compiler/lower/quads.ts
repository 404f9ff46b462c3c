/**
 * Four neighbouring threads fetch for each other: where all of a quad need the same elements, each thread loads a
 * quarter of them and hands it round (`quadBroadcast`; WGSL, "Quad operations"; feature "subgroups").
 */
import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Fetch, Value } from "../ir/value.ts";
import { add, axisIndex, newAxis, scale } from "../math/affine.ts";
import { mapStatement, visitStatements } from "../math/statements.ts";
import {
  binary,
  broadcast,
  builtin,
  convert,
  fetchOf,
  int,
  named,
  newVariable,
  partsOf,
  uint,
  withParts,
} from "../math/value.ts";

/** A thread's number in its quad, and that number's two bits. */
const LANE = newAxis("quad", 4);
const LOW = newAxis("quad", 2);
const HIGH = newAxis("quad", 2);

/** Carries `share` out: from there on, what it names is handed over. */
export function shareInQuads(statements: readonly Stmt[]): readonly Stmt[] {
  let shares = false;
  visitStatements(statements, (s) => {
    shares ||= s.kind === "share";
  });
  return shares ? [...place(), ...handed(statements, new Map())] : statements;
}

/** Names the thread's place in its quad. Quads are four consecutive threads of the workgroup. */
function place(): readonly Stmt[] {
  const quad = newVariable("quad", int(0).type);
  return [
    { kind: "let", variable: quad, value: convert(binary("&", builtin("local"), uint(3)), "i32") },
    { kind: "bind", axis: LANE, value: quad },
    { kind: "bind", axis: LOW, value: binary("&", quad, int(1)) },
    { kind: "bind", axis: HIGH, value: binary(">>", quad, uint(1)) },
  ];
}

/** @param outer what is handed over already */
function handed(statements: readonly Stmt[], outer: ReadonlyMap<Value, Value>): readonly Stmt[] {
  let given = outer;
  let known = new Map(given);
  const hand = (v: Value): Value => {
    const done = known.get(v) ?? withParts(v, partsOf(v).map(hand));
    known.set(v, done);
    return done;
  };
  return statements.flatMap((s) => {
    if (s.kind !== "share") return [mapStatement(s, hand, (inner) => handed(inner, given))];
    given = new Map([...given, ...exchanged(fetchesIn(s.values))]);
    known = new Map(given);
    return [];
  });
}

/** The elements that values read. */
function fetchesIn(values: readonly Value[]): readonly Fetch[] {
  const found = new Set<Fetch>();
  const seen = new Set<Value>();
  const walk = (v: Value): void => {
    if (seen.has(v)) return;
    seen.add(v);
    if (v.kind === "fetch") found.add(v);
    for (const part of partsOf(v)) walk(part);
  };
  values.forEach(walk);
  return [...found];
}

/** What stands for each element of which a thread loads a quarter, where there are enough of them. */
function exchanged(elements: readonly Fetch[]): ReadonlyMap<Value, Value> {
  const groups = new Map<Fetch, Fetch[]>();
  for (const element of elements) {
    const { from, at, type } = element;
    const base = fetchOf(from, add(at, -at.constant), type.scalar) as Fetch; // what fetchOf makes
    groups.set(base, [...(groups.get(base) ?? []), element]);
  }
  return new Map(
    [...groups.values()].flatMap((group) =>
      chunks(group.toSorted((a, b) => a.at.constant - b.at.constant)).flatMap(divided),
    ),
  );
}

function divided(chunk: readonly Fetch[]): readonly (readonly [Value, Value])[] {
  const { from, at, type } = must(chunk[0], "element");
  const own = fetchOf(from, add(at, offsetOf(chunk)), type.scalar);
  return chunk.map((element, i) => [element, named(from.stem, broadcast(own, i))] as const);
}

/** How far a thread's element lies from the first. */
function offsetOf(chunk: readonly Fetch[]): Index {
  const [near, far] = [distance(chunk, 1), distance(chunk, 2)];
  if (chunk.length === 2) return scale(axisIndex(LOW), near);
  if (far === 2 * near) return scale(axisIndex(LANE), near);
  return add(scale(axisIndex(LOW), near), scale(axisIndex(HIGH), far));
}

/** Fours whose distances a thread can compute from the two bits of its number, else twos; a single one stays alone. */
function chunks(sorted: readonly Fetch[]): readonly (readonly Fetch[])[] {
  if (sorted.length < 2) return [];
  const four = sorted.slice(0, 4);
  const even = four.length === 4 && distance(four, 1) === distance(four.slice(2), 1);
  const size = even ? 4 : 2;
  return [sorted.slice(0, size), ...chunks(sorted.slice(size))];
}

function distance(elements: readonly Fetch[], to: number): number {
  return (elements[to]?.at.constant ?? 0) - (elements[0]?.at.constant ?? 0);
}
