/**
 * Split-K: a contraction of few results and long sums is carried out in two passes. Workgroups compute partial sums, each of
 * a part of the longest summed axis; a second kernel adds these up, always in the same order, and applies the epilogue
 * (NVIDIA CUTLASS, "Efficient GEMM", "Parallelized reductions"). For GPUs that teams of a workgroup alone would leave idle.
 */

import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Reduce } from "../ir/expr.ts";
import type { OpNode } from "../ir/graph.ts";
import type { ContractionKernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import { isBatch } from "../ir/type.ts";
import { add, axisIndex, batchFirst, newAxis, scale } from "../math/affine.ts";
import { freeAxes, load, mapChildren, reduce, substitute, tensorsOf } from "../math/build.ts";
import { derivedNode, suffixed } from "../ops/derived.ts";
import { contractionsOf } from "../passes/analysis.ts";
import type { Strategy } from "./strategy.ts";
import { positionsAt, type Target } from "./target.ts";
import { parseCount } from "./text.ts";
import { longest, tilingFor } from "./workgroupTile/rule.ts";

/** Parts of a sum that are tried, the most first. */
const PARTS = [16, 8, 4, 2] as const;
/** Threads that one part of a sum keeps busy, and the steps that each of them should have left. */
const TEAM = 64;
const LEAST = 8;

export interface SplitK extends Schedule {
  readonly strategy: "split-K";
  readonly parts: number;
}

export const splitK: Strategy<ContractionKernel, SplitK> = {
  name: "split-K",
  kind: "contraction",
  labels: ["split-K"],

  choose(kernel, target) {
    if (!target.gpu || kernel.region.phase === "prepare" || partials.has(kernel.region)) return undefined;
    const { parts = PARTS.find((n) => pays(kernel, target, n)) } = tilingFor(kernel, target) ?? {};
    return parts === undefined || parts === 1 ? undefined : scheduled(parts);
  },

  // A tuner measures one dispatch at a time.
  trials: () => [],

  items(_, { parts }) {
    return [[this.name, parts]];
  },

  parse(kernel, said) {
    const parts = parseCount(said.get(this.name), Number.MAX_SAFE_INTEGER);
    return parts !== undefined && parts > 1 && isLegal(kernel, parts) ? scheduled(parts) : undefined;
  },

  passes(kernel, { parts }) {
    return passesOf(kernel.region, parts);
  },

  grid: () => {
    throw inParts();
  },
  lower: () => {
    throw inParts();
  },
};

const inParts = (): InternalError =>
  new InternalError("a split sum is carried out by the kernels of its passes");

function scheduled(parts: number): SplitK {
  const none = { tile: new Map<Axis, number>(), vector: null, together: null, opaque: false };
  return { strategy: "split-K", parts, workgroup: TEAM, ...none };
}

/** Sums that are parts already. */
const partials = new WeakSet<Region>();

function isLegal({ k, region }: ContractionKernel, parts: number): boolean {
  const axis = longest(k);
  return axis !== undefined && Number(axis.extent) % parts === 0 && !partials.has(region);
}

/** Whether teams of the parts are no more than the threads that there are, and have steps enough. */
function pays(kernel: ContractionKernel, target: Target, parts: number): boolean {
  if (!target.gpu || !isLegal(kernel, parts)) return false;
  const places = positionsAt(kernel.axes, target);
  const steps = positionsAt(kernel.k, target);
  return places * TEAM * parts <= target.gpu.threads && steps / parts >= TEAM * LEAST;
}

/** The region of the partial sums, and that of what is made of their sum. */
function passesOf(region: Region, parts: number): readonly [Region, Region] {
  const sum = must(region.results.flatMap((r) => contractionsOf(r.value))[0], "sum");
  const { partial, root, free } = partialSums(region, sum, parts);
  partials.add(partial);
  const part = newAxis("part", parts);
  const total = reduce("sum", [part], load(root, withPart(part, free).map(axisIndex)));
  const put = (e: Expr): Expr => (e === sum ? total : mapChildren(e, put));
  const results = region.results.map((r) => ({ ...r, value: put(r.value) }));
  return [partial, { ...region, results, reads: [...new Set(results.flatMap((r) => tensorsOf(r.value)))] }];
}

/** The axis of the parts stands before all others but N. */
function withPart(part: Axis, axes: readonly Axis[]): readonly Axis[] {
  const lead = axes.filter((a) => isBatch(a.extent));
  return [...lead, part, ...axes.filter((a) => !lead.includes(a))];
}

/** What stores the partial sums, with a dimension of the parts. */
function partialSums(
  region: Region,
  sum: Reduce,
  parts: number,
): { readonly partial: Region; readonly root: OpNode; readonly free: readonly Axis[] } {
  const axis = must(longest(sum.axes), "summed axis");
  // In the order of the results: what is next to each other there is so here.
  const all = freeAxes(sum);
  const free = batchFirst([...new Set([...region.axes.filter((a) => all.has(a)), ...all])]);
  const along = newAxis("part", parts);
  const order = withPart(along, free);
  const axes = order.map((a) => newAxis(a.name, a.extent));
  const step = newAxis(axis.name, Number(axis.extent) / parts);
  const here = must(axes[order.indexOf(along)], "part");
  const by = new Map([
    ...order.map((a, i) => [a, axisIndex(must(axes[i], "axis"))] as const),
    [axis, add(scale(axisIndex(here), Number(step.extent)), axisIndex(step))] as const,
  ]);
  const value = reduce(
    "sum",
    sum.axes.map((a) => (a === axis ? step : a)),
    substitute(sum.body, by),
  );
  const of = must(region.results[0], "result").root;
  const type = { dtype: "f32", shape: order.map((a) => a.extent) } as const;
  const root = derivedNode("partial sums", type, suffixed(of.origin, "partial"), ({ at }) =>
    substitute(value, new Map(axes.map((a, i) => [a, axisIndex(must(at[i], "axis"))]))),
  );
  const results = [{ root, place: axes.map(axisIndex), value }];
  const partial = { results, nodes: [root], axes, reads: tensorsOf(value), phase: region.phase };
  return { partial, root, free };
}
