/**
 * Vector tile: each thread keeps a tile of the result in vector registers, four neighbours along one axis in each. Where the
 * lanes are along an axis of the result, one factor is fetched as vectors and the other in all lanes; where they are along a
 * summed axis, both are vectors, whose lanes are added up at the end. For processors that fetch vectors from any address and
 * have as many registers as a tile may hold (Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
 */
import { must } from "../errors.ts";
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { ContractionKernel, Schedule } from "../ir/kernel.ts";
import type { Storages } from "../ir/storage.ts";
import { isBatch, isKnown, sizeAt } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import type { Span } from "../lower/builder.ts";
import { type Accumulation, accumulate, finish } from "../lower/contraction.ts";
import type { Lowering } from "../lower/evaluate.ts";
import { nonzeroWithin, spansOf } from "../lower/spans.ts";
import { nestInBlocks } from "../lower/sums.ts";
import { gridOf, type Held, placeThread, type Tiled, type Vector } from "../lower/threads.ts";
import { add, axisIndex, constant, newAxis, scale } from "../math/affine.ts";
import { freeAxes, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";
import {
  batchCount,
  binary,
  choose,
  component,
  compose,
  float,
  indexValue,
  int,
  least,
  named,
  plus,
  splat,
  times,
} from "../math/value.ts";
import { sizeOf } from "../passes/analysis.ts";
import { tilingItems } from "./contraction.ts";
import { inOrder } from "./factors.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, type Target, type VectorTimes } from "./target.ts";
import { parseCount, parseSizes } from "./text.ts";

const WIDTH = 4;

export interface VectorTile extends Schedule {
  readonly strategy: "vector tile";
  readonly vector: { readonly axis: Axis; readonly width: 4 };
}

type Choice = Pick<VectorTile, "tile" | "vector">;

export const vectorTile: Strategy<ContractionKernel, VectorTile> = {
  name: "vector tile",
  kind: "contraction",
  labels: ["vector tile", "lanes"],

  choose(kernel, target, storages) {
    if (!target.vectors) return undefined;
    let [best, least]: [Choice | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const lanes of lanesOf(kernel)) {
      const priceOf = pricer(kernel, target, storages, lanes, target.vectors);
      for (const choice of choicesOf(kernel, target.vectors.registers, lanes)) {
        const price = priceOf(choice);
        if (price < least) [best, least] = [choice, price];
      }
    }
    return best && scheduled(best);
  },

  // A tuner measures adapters.
  trials: () => [],

  items(kernel, { tile, vector }) {
    const lanes = ["lanes", axesIn(kernel).indexOf(vector.axis) + 1] as const;
    return [...tilingItems(kernel, this.name, tile, new Map()), lanes];
  },

  parse(kernel, said) {
    const { space } = kernel;
    const sizes = parseSizes(said.get(this.name));
    const lanes = parseCount(said.get("lanes"), axesIn(kernel).length);
    if (sizes?.length !== space.length || lanes === undefined) return undefined;
    const axis = must(axesIn(kernel)[lanes - 1], "axis");
    const tile = new Map(space.flatMap((a, i) => (sizes[i] === 1 ? [] : [[a, sizes[i] ?? 1] as const])));
    const choice: Choice = { tile, vector: { axis, width: WIDTH } };
    return isLegal(kernel, choice) ? scheduled(choice) : undefined;
  },

  grid: (kernel, schedule) => gridOf(tilesOf(kernel, schedule)),

  lower(lowering, { thread, past }, kernel, schedule, vector) {
    const tiles = tilesOf(kernel, schedule);
    const batch = tiles.find((t) => isBatch(t.axis.extent) && t.tile > 1);
    const single = tiles.map((t) => (t === batch ? { ...t, tile: 1 } : t));
    const { held } = placeThread(lowering, thread, single, vector, past);
    if (!batch) {
      sumAndStore(lowering, kernel, held, vector);
      return;
    }
    // Blocks of examples; those of the last one, which may be fewer, one by one.
    const { axis, tile } = batch;
    const first = scale(
      must(
        must(
          held.find((h) => h.axis === axis),
          "batch",
        ).at[0],
        "block",
      ),
      tile,
    );
    const withBatch = (at: readonly Index[]): readonly Held[] =>
      held.map((h) => (h.axis === axis ? { axis, at, owned: at.map(() => undefined) } : h));
    const left = lowering.let("left", binary("-", batchCount(), indexValue(first)));
    lowering.beyondBatch = true;
    const all = lowering.nested(() => {
      const at = Array.from({ length: tile }, (_, r) => add(first, r));
      sumAndStore(lowering, kernel, withBatch(at), vector);
    });
    const oneByOne = lowering.nested(() =>
      lowering.for(axis.name, { end: least(left, int(tile - 1)) }, (turn) => {
        const one = newAxis(axis.name, tile);
        lowering.bind(one, turn);
        sumAndStore(lowering, kernel, withBatch([add(first, axisIndex(one))]), vector);
      }),
    );
    lowering.push({ kind: "if", condition: binary(">=", left, int(tile)), body: all, otherwise: oneByOne });
  },
};

/** Adds up what a thread holds, and stores what is made of it. */
function sumAndStore(
  lowering: Lowering,
  kernel: ContractionKernel,
  held: readonly Held[],
  vector: Vector | undefined,
): void {
  const accumulation = accumulate(lowering, kernel, held, vector);
  const lanes = must(vector, "vector");
  const bounds = [kernel.lhs, kernel.rhs].flatMap(nonzeroWithin);
  const spans = spansOf(lowering, kernel.k, bounds, accumulation.held, lanes);
  if (kernel.k.includes(lanes.axis)) {
    const sums = sumLanes(lowering, kernel, accumulation, lanes, spans);
    finish(lowering, kernel, { ...accumulation, sums }, []);
    return;
  }
  const steps = inOrder(kernel.k, kernel.lhs, lowering.storages);
  const sum = { into: accumulation.sums, each: 1, levels: 1 };
  const body = (into: Accumulation["sums"]): void =>
    accumulation.add([accumulation.factors(new Map())], into);
  nestInBlocks(lowering, steps, sum, body, spans);
  finish(lowering, kernel, accumulation, []);
}

/**
 * Sums of which each lane takes every fourth step along an axis. The last vector ends where the axis does: what it has in
 * common with the one before counts as 0.
 */
function sumLanes(
  lowering: Lowering,
  kernel: ContractionKernel,
  { factors, tile, sums }: Accumulation,
  { axis, lane }: Vector,
  spans: ReadonlyMap<Axis, Span>,
): Accumulation["sums"] {
  const extent = extentOf(axis);
  const [whole, left] = [Math.floor(extent / WIDTH), extent % WIDTH];
  const numbers = compose(Array.from({ length: WIDTH }, (_, l) => float(l)));
  const isNew = left > 0 && lowering.let("new", binary(">=", numbers, float(WIDTH - left, WIDTH)));
  const none = float(0, WIDTH);
  const addUp = (block: Index, into: Accumulation["sums"], put: (factor: Value) => Value): void => {
    const [left, right] = factors(new Map([[axis, add(block, axisIndex(lane))]]));
    const terms = tile.map((position) => times(put(left(position)), right(position)));
    terms.forEach((term, i) => {
      lowering.assign(must(into[i], "accumulator"), "+=", term);
    });
  };
  const others = inOrder(kernel.k, kernel.lhs, lowering.storages).filter((a) => a !== axis);
  const sum = { into: sums, each: Math.ceil(extent / WIDTH), levels: 1 };
  const body = (into: Accumulation["sums"]): void => {
    const blocks = newAxis(axis.name, whole);
    lowering.loop(blocks, () => addUp(scale(axisIndex(blocks), WIDTH), into, (factor) => factor));
    if (isNew)
      addUp(constant(extent - WIDTH), into, (factor) =>
        named("v", choose(isNew, splat(factor, WIDTH), none)),
      );
  };
  nestInBlocks(lowering, others, sum, body, spans);
  return sums.map((sum) => {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => must(component(sum, i), "lane"));
    return lowering.let(
      "sum",
      plus(plus(must(a, "lane"), must(b, "lane")), plus(must(c, "lane"), must(d, "lane"))),
    );
  });
}

/** Those of the space, then those that are summed: lanes are counted by them. */
const axesIn = ({ space, k }: ContractionKernel): readonly Axis[] => [...space, ...k];

function scheduled({ tile, vector }: Choice): VectorTile {
  return { strategy: "vector tile", tile, vector, workgroup: 1, together: null, opaque: false };
}

/** Columns outermost: what is read along them is used again for row after row. */
function tilesOf({ n, batch, m }: ContractionKernel, { tile }: Pick<Schedule, "tile">): readonly Tiled[] {
  const all = [...n, ...batch, ...m].map((axis) => ({ axis, tile: tile.get(axis) ?? 1 }));
  return all.toSorted((a, b) => Number(isBatch(b.axis.extent)) - Number(isBatch(a.axis.extent)));
}

/** Whether the lanes' axis is known and fills vectors: whole ones, or, where a thread has all of it, some that overlap. */
function isLegal(kernel: ContractionKernel, { tile, vector: { axis } }: Choice): boolean {
  if (!isKnown(axis.extent) || axis.extent < WIDTH) return false;
  if (kernel.k.includes(axis)) return true;
  const held = tile.get(axis) ?? 1;
  if (axis.extent % WIDTH === 0) return held % WIDTH === 0;
  // What is stored twice must not be read in between.
  return held === axis.extent && kernel.results.every((r) => !r.overwrites);
}

/** Positions of the innermost axes that a thread may hold. */
const SIDES = [1, 2, 3, 4, 5, 6, 7, 8];
/** Examples that it may hold, whose number is not known. */
const BATCH_SIDES = [1, 4];

/** The axes that lanes may be along. */
const lanesOf = ({ n, m, batch, k }: ContractionKernel): readonly Axis[] => [
  ...new Set([n.at(-1), m.at(-1), batch.at(-1), ...k].filter((a) => a !== undefined)),
];

/** All ways to tile a kernel whose accumulators fit so many registers. */
function* choicesOf(kernel: ContractionKernel, registers: number, axis: Axis): Generator<Choice> {
  const { n, m, batch, window: pooled } = kernel;
  const places = pooled.reduce((a, x) => a * extentOf(x), 1);
  const fixed = m.filter((a) => isKnown(a.extent));
  // Examples are rows where nothing else is: one by one is right for any number of them.
  const rows = fixed.length > 0 ? [fixed.at(-1), fixed.at(-2)] : m;
  const sides = [...new Set([n.at(-1), ...rows, batch.at(-1)].filter((a) => a !== undefined))];
  const vector = { axis, width: WIDTH } as const;
  for (const tile of tilings(sides, axis, Math.floor(registers / places))) {
    const choice = { tile, vector };
    if (isLegal(kernel, choice)) yield choice;
  }
}

/** Sides of so many accumulators at most, counted in vectors along the lanes. */
function* tilings(axes: readonly Axis[], lanes: Axis, budget: number): Generator<ReadonlyMap<Axis, number>> {
  const [axis, ...others] = axes;
  if (axis === undefined) {
    yield new Map();
    return;
  }
  const extent = isKnown(axis.extent) ? axis.extent : Number.POSITIVE_INFINITY;
  const known = isBatch(axis.extent) ? BATCH_SIDES : SIDES.filter((s) => s <= extent);
  const wide = extent % WIDTH === 0 ? SIDES.map((s) => s * WIDTH).filter((s) => s <= extent) : [extent];
  for (const side of axis === lanes ? wide : known) {
    const count = axis === lanes ? Math.ceil(side / WIDTH) : side;
    if (count > Math.max(1, budget)) continue;
    for (const rest of tilings(others, lanes, budget / count))
      yield side === 1 ? rest : new Map([[axis, side], ...rest]);
  }
}

/** What tilings with the same lanes cost a run: in the time of a multiplication and an addition of vectors. */
function pricer(
  kernel: ContractionKernel,
  target: Target,
  storages: Storages,
  lanes: Axis,
  vectors: VectorTimes,
): (choice: Choice) => number {
  const inSum = kernel.k.includes(lanes);
  const factors = [kernel.lhs, kernel.rhs].map((factor) => ({
    free: freeAxes(factor),
    each: fetchOf(factor, lanes, storages, vectors),
  }));
  const steps = kernel.k.reduce((a, x) => {
    const extent = sizeAt(x.extent, target.batch);
    return a * (x === lanes ? Math.ceil(extent / WIDTH) : extent);
  }, 1);
  const stored = kernel.results.reduce(
    (sum, { root, place, value }) => {
      const stride = address(root, place, storages).terms.find((t) => t.atom === lanes)?.coefficient;
      return sum + (stride === 1 && !inSum ? 1 : WIDTH) + vectors.operation * sizeOf(value);
    },
    inSum ? 2 * WIDTH : 0,
  );
  return ({ tile }) => {
    const countOf = (a: Axis): number => {
      if (kernel.window.includes(a)) return extentOf(a);
      const side = tile.get(a) ?? 1;
      return a === lanes ? Math.ceil(side / WIDTH) : side;
    };
    const held = kernel.axes.reduce((a, x) => a * countOf(x), 1);
    const values = factors.map(({ free }) =>
      kernel.axes.reduce((a, x) => a * (free.has(x) ? countOf(x) : 1), 1),
    );
    const fetched = factors.reduce((sum, { each }, i) => sum + each * (values[i] ?? 1), 0);
    // All that a step fetches is there before the first product, which takes a register, too.
    const spilled = Math.max(0, values.reduce((a, b) => a + b, held + 1) - vectors.registers);
    const step = held + fetched + spilled * vectors.spill + vectors.loop;
    const threads = kernel.space.reduce(
      (a, x) => a * Math.ceil(sizeAt(x.extent, target.batch) / (tile.get(x) ?? 1)),
      1,
    );
    return threads * (vectors.thread + steps * step + held * stored);
  };
}

/** What a value of a factor costs to fetch. */
function fetchOf(
  factor: Expr,
  lanes: Axis,
  storages: Storages,
  { load, gather, guard }: VectorTimes,
): number {
  let cost = 0;
  visit(factor, (e) => {
    if (e.kind === "guard") cost += freeAxes(e).has(lanes) ? WIDTH * guard : guard;
    if (e.kind !== "load") return;
    const at = address(e.from, e.index, storages);
    const stride = at.terms.find((t) => t.atom === lanes)?.coefficient ?? 0;
    const isPlain = at.terms.every((t) => t.atom.kind === "axis") || stride === 0;
    cost += isPlain && (stride === 0 || stride === 1) ? load : gather;
  });
  return cost;
}
