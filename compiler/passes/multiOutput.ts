/**
 * Multi-output fusion: regions over the same positions become one kernel that stores several tensors, where that saves
 * reading. Either one reads what the other computes at the very position that it computes itself (an optimiser's weight
 * reads the moment), or both read the same large tensor (a batch's mean and variance). Every yes, and every no that a
 * limit causes, has a printed reason.
 */
import { STORAGE_BUFFERS } from "../../contract/limits.ts";
import type { Axis, Expr, Index, Reduce } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Decision, Region, Result } from "../ir/region.ts";
import { elements, keyOf } from "../ir/type.ts";
import { axisIndex, substitute as substituteIndex } from "../math/affine.ts";
import { freeAxes, load, mapChildren, reduce, substitute, tensorsOf, visit } from "../math/build.ts";
import { contractionsOf, readsAt } from "./analysis.ts";
import { dependencies, effectsOf, tensorsBound, topological } from "./order.ts";
import { MAX_SIZE } from "./partition.ts";

/** Regions that are one by now, and who has to be done before and after them. */
interface Group {
  region: Region;
  /** The place of its last region in the order of execution. */
  at: number;
  /** Extents that are not 1, and the phase: only equal ones are candidates. */
  readonly space: string;
  readonly before: Set<Group>;
  readonly after: Set<Group>;
}

/** `seen` are tensors that are needed whoever reads them: outputs, and what outputs reshape. */
export function fuseOutputs(
  regions: readonly Region[],
  seen: ReadonlySet<Node>,
): { readonly regions: readonly Region[]; readonly decisions: readonly Decision[] } {
  const decisions: Decision[] = [];
  const makers = new Map<Node, Group>();
  const readers = new Map<Node, Set<Group>>();
  const left = new Set<Group>();
  for (const group of groupsOf(regions)) {
    let current = group;
    const partners = (): readonly Group[] => {
      const { reads } = current.region;
      const made = reads.flatMap((t) => makers.get(t) ?? []);
      const beside = reads.flatMap((t) => [...(readers.get(t) ?? [])]);
      return [...new Set([...made, ...beside])].filter((g) => g !== current && g.space === current.space);
    };
    for (let found = true; found; ) {
      found = false;
      for (const other of partners()) {
        const verdict = judge(other, current, seen);
        if (!verdict) continue;
        decisions.push(...decided(other.region, group.region, verdict));
        if (!verdict.region) continue;
        left.delete(current);
        for (const list of readers.values()) if (list.delete(current)) list.add(other);
        absorb(other, current, verdict.region);
        current = other;
        found = true;
        break;
      }
    }
    left.add(current);
    for (const { root } of current.region.results) makers.set(root, current);
    for (const tensor of current.region.reads) {
      const list = readers.get(tensor) ?? new Set();
      readers.set(tensor, list.add(current));
    }
  }
  return { regions: [...left].map((g) => g.region), decisions };
}

const isReal = (axis: Axis): boolean => axis.extent !== 1;

function groupsOf(regions: readonly Region[]): readonly Group[] {
  const { sorted } = topological(regions, effectsOf, () => 0);
  const groups = new Map(
    sorted.map((region, at): [Region, Group] => {
      const space = `${region.phase} ${region.axes.filter(isReal).map((a) => keyOf(a.extent))}`;
      return [region, { region, at, space, before: new Set(), after: new Set() }];
    }),
  );
  for (const [region, others] of dependencies(sorted, effectsOf)) {
    const group = groups.get(region);
    for (const other of others) {
      const earlier = groups.get(other);
      if (!group || !earlier) continue;
      group.before.add(earlier);
      earlier.after.add(group);
    }
  }
  return [...groups.values()];
}

/** Makes `b` a part of `a`. */
function absorb(a: Group, b: Group, region: Region): void {
  for (const [side, back] of [
    ["before", "after"],
    ["after", "before"],
  ] as const) {
    for (const other of b[side]) {
      other[back].delete(b);
      if (other === a) continue;
      other[back].add(a);
      a[side].add(other);
    }
    a[side].delete(b);
  }
  a.region = region;
  a.at = Math.max(a.at, b.at);
}

interface Verdict {
  /** Absent: they stay apart. */
  readonly region?: Region;
  readonly reason: string;
}

function decided(a: Region, b: Region, { region, reason }: Verdict): readonly Decision[] {
  const [node, into] = [b.results[0]?.root, a.results[0]?.root];
  return node && into ? [{ node, into, fused: region !== undefined, reason }] : [];
}

/** Whether `b` is computed in the kernel of `a`, which may come before it; undefined where nothing would be gained. */
function judge(a: Group, b: Group, seen: ReadonlySet<Node>): Verdict | undefined {
  const made = a.region.results.some((r) => b.region.reads.includes(r.root));
  const common = made ? undefined : largeInCommon(a.region, b.region);
  if ((!made && !common) || !sameLoops(a.region, b.region, made)) return undefined;
  // Either may hold regions that come before some of the other's.
  if (isBetween(a, b) || isBetween(b, a)) return undefined;
  const isRead = ({ root }: Result): boolean =>
    [...a.after].some((g) => g !== b && g.region.reads.includes(root));
  const region = joined(
    a.region,
    b.region,
    (r) => r.overwrites !== undefined || seen.has(r.root) || isRead(r),
  );
  if (!region) return undefined;
  const buffers = tensorsBound(effectsOf(region)).length;
  if (buffers > STORAGE_BUFFERS)
    return { reason: `one kernel would bind ${buffers} tensors, more than ${STORAGE_BUFFERS}` };
  const distinct = new Set<Expr>();
  for (const { value } of region.results) visit(value, (e) => distinct.add(e));
  const { size } = distinct;
  if (size > MAX_SIZE) return { reason: `one kernel would hold ${size} operations, more than ${MAX_SIZE}` };
  const reason = made
    ? "reads its result at the position where it is computed: both are stored by one kernel"
    : `both read ${common?.origin.name} over the same positions: it is read once, and both are stored`;
  return { region, reason };
}

/** A tensor that both read, with as many elements as there are positions at least. */
function largeInCommon(a: Region, b: Region): Node | undefined {
  const places = elements(a.axes.map((x) => x.extent));
  return b.reads.find((t) => {
    if (!a.reads.includes(t)) return false;
    const { fixed, perBatch } = elements(t.type.shape);
    return perBatch > places.perBatch || (perBatch === places.perBatch && fixed >= places.fixed);
  });
}

/**
 * Whether a schedule of the one suits the other: reductions depend on the same axes, or the later one has none and reads
 * the other's result. A contraction takes along what is made of its result, and nothing else.
 */
function sameLoops(a: Region, b: Region, made: boolean): boolean {
  const values = (region: Region): readonly Expr[] => region.results.map((r) => r.value);
  if (values(b).some((v) => contractionsOf(v).length > 0)) return false;
  const own = reducedAlong(b);
  if (made && own === undefined) return true;
  return values(a).every((v) => contractionsOf(v).length === 0) && reducedAlong(a) === own;
}

/** The places of the axes that reductions depend on; undefined without any. What counts elements reduces nothing. */
function reducedAlong({ results, axes }: Region): string | undefined {
  const real = axes.filter(isReal);
  let found: Set<Axis> | undefined;
  for (const { value } of results)
    visit(value, (e) => {
      if (e.kind === "reduce" && tensorsOf(e).length > 0) found = new Set([...(found ?? []), ...freeAxes(e)]);
    });
  return found && [...real.keys()].filter((i) => found?.has(real[i] as Axis)).join();
}

/** Whether something else has to be done after `a` and before `b`. */
function isBetween(a: Group, b: Group): boolean {
  const known = new Set<Group>([a]);
  const last = Math.max(a.at, b.at);
  const open = [...a.after].filter((g) => g !== b);
  for (let next = open.pop(); next; next = open.pop()) {
    // What comes later than both in the order is a region by itself yet, and leads to nothing before it.
    if (known.has(next) || next.at > last) continue;
    if (next.after.has(b)) return true;
    known.add(next);
    open.push(...next.after);
  }
  return false;
}

/** Both as one region, with those results of `a` that `isNeeded` says; undefined where one needs the other's elsewhere. */
function joined(a: Region, b: Region, isNeeded: (result: Result) => boolean): Region | undefined {
  const space = a.axes.filter(isReal);
  const moved = new Map(
    b.axes.filter(isReal).map((axis, i): [Axis, Index] => [axis, axisIndex(space[i] as Axis)]),
  );
  const here = new Map(a.results.map((r) => [load(r.root, r.place), r.value]));
  const put = (e: Expr): Expr => here.get(e) ?? mapChildren(e, put);
  const sums = reductionsOf(a.results.map((r) => r.value));
  const added = b.results.map((r) => ({
    ...r,
    place: r.place.map((index) => substituteIndex(index, moved)),
    value: overAxesOf(sums, put(substitute(r.value, moved))),
  }));
  const all = [...a.results, ...added];
  const reads = [...new Set(all.flatMap((r) => tensorsOf(r.value)))];
  if (all.some((r) => reads.includes(r.root))) return undefined;
  if (!all.every((r) => !r.overwrites || readsAt(all, r.overwrites, r.place))) return undefined;
  const results = [...a.results.filter(isNeeded), ...added];
  const nodes = [...a.nodes, ...b.nodes.filter((n) => !a.nodes.includes(n))];
  return { ...a, results, nodes, reads: [...new Set(results.flatMap((r) => tensorsOf(r.value)))] };
}

function reductionsOf(values: readonly Expr[]): readonly Reduce[] {
  const found = new Set<Reduce>();
  for (const value of values)
    visit(value, (e) => {
      if (e.kind === "reduce") found.add(e);
    });
  return [...found];
}

/**
 * The same with the axes of other reductions of the same extents, where no reduction within another would have its axes:
 * equal sums are one then, and others can share a loop.
 */
function overAxesOf(others: readonly Reduce[], e: Expr): Expr {
  const own = mapChildren(e, (child) => overAxesOf(others, child));
  if (own.kind !== "reduce") return own;
  const inside = new Set(reductionsOf([own.body]).flatMap((r) => r.axes));
  const alike = others
    .filter(
      ({ op, axes }) =>
        op === own.op &&
        axes.length === own.axes.length &&
        axes.every((a, i) => a.extent === own.axes[i]?.extent && !inside.has(a)),
    )
    .map(({ op, axes }) => {
      const at = new Map(own.axes.map((a, i): [Axis, Index] => [a, axisIndex(axes[i] as Axis)]));
      return reduce(op, axes, substitute(own.body, at));
    });
  return alike.find((r) => others.includes(r as Reduce)) ?? alike[0] ?? own;
}
