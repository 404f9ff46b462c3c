/**
 * Workgroup staging: the threads of a workgroup evaluate some steps of both factors together, each value once, keep
 * them in workgroup memory, and read from there what their register tiles need (Volkov & Demmel, "Benchmarking GPUs to
 * Tune Dense Linear Algebra", 2008).
 */

import { must } from "../../errors.ts";
import type { Axis } from "../../ir/expr.ts";
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { Value, Width } from "../../ir/value.ts";
import type { Accumulation, Read } from "../../lower/contraction.ts";
import type { Lowering } from "../../lower/evaluate.ts";
import { cutsOf, loopInBlocks } from "../../lower/sums.ts";
import { type Held, registerPositions, stepsAt, stepsOf } from "../../lower/threads.ts";
import { axisIndex, batchFirst, gcd, newAxis } from "../../math/affine.ts";
import { freeAxes, substitute } from "../../math/build.ts";
import {
  binary,
  choose,
  component,
  compose,
  float,
  indexValue,
  int,
  least,
  less,
  loadFrom,
  plus,
  splat,
  times,
  typeFor,
} from "../../math/value.ts";
import { type Block, type Fetch, sizeOf, type WorkgroupTile } from "./block.ts";

/**
 * The most steps of a block that are written out: their addresses differ by numbers, which an instruction that loads holds, so that
 * none is computed; and while one step's products are added the next one's factors are on their way.
 */
const WRITTEN = 4;

/** Builds the sum, block by block of steps. */
export function walkBlocks(
  lowering: Lowering,
  kernel: ContractionKernel,
  schedule: WorkgroupTile,
  block: Block,
  { window, sums, add }: Accumulation,
): void {
  const { depth } = schedule.stage;
  const steps = batchFirst(kernel.k);
  const { count: total, known, most } = stepsOf(steps);
  const stores = [block.rows, block.columns].map((f) => storeOf(lowering, kernel, f, window, schedule));
  const blocks = (n: number): number => Math.ceil(n / depth);
  const end = known ? int(blocks(known)) : binary("/", plus(total, int(depth - 1)), int(depth));
  const written = gcd(WRITTEN, depth);
  const runs = newAxis("steps", depth / written);
  const turns = known ? blocks(known) : Number.POSITIVE_INFINITY;
  const [cuts] = cutsOf([blocks(most)], { each: depth, levels: 1 });
  loopInBlocks(lowering, { stem: "part", end, step: 1, turns }, must(cuts, "cuts"), sums, (part, parts) => {
    for (const store of stores) store.fill(steps, part, known && known % depth === 0 ? undefined : total);
    lowering.push({ kind: "barrier" });
    lowering.loop(runs, () => {
      const first = times(indexValue(axisIndex(runs)), int(written));
      for (let i = 0; i < written; i++) {
        const [left, right] = stores.map((store) => store.read(first, i));
        add([[must(left, "rows"), must(right, "columns")]], parts);
      }
    });
    lowering.push({ kind: "barrier" });
  });
}

interface Store {
  /** Fills it with part `part` of the sum; past `total` steps the factor is 0. */
  fill(axes: readonly Axis[], part: Value, total: Value | undefined): void;
  /** What lies at the step `first + i`. */
  read(first: Value, i: number): Read;
}

/** The workgroup's array of one factor: `depth` steps, each with the registers of all threads along its side. */
function storeOf(
  lowering: Lowering,
  kernel: ContractionKernel,
  { side, spot, own, step, stride, held, gap }: Fetch,
  windows: readonly Held[],
  { stage: { depth }, vector: lane }: WorkgroupTile,
): Store {
  const free = freeAxes(side.factor);
  const used = [...kernel.axes.keys()].filter((i) => free.has(must(kernel.axes[i], "axis")));
  const place = (i: number): Held => {
    const axis = kernel.axes[i];
    return must(
      [...held, ...windows].find((h) => h.axis === axis),
      "held axis",
    );
  };
  const positions = registerPositions(used.map(place));
  const slots = new Map(positions.map((p, i) => [p.registers.join(), i]));
  const hasLane = used.some((i) => kernel.axes[i] === lane?.axis);
  const wide = hasLane && lowering.lane ? (lowering.lane.extent as Width) : 1;
  // Scalars lie in vectors where their number allows it.
  const pack = wide > 1 ? 1 : positions.length % 4 === 0 ? 4 : positions.length % 2 === 0 ? 2 : 1;
  const width = (wide > 1 ? wide : pack) as Width;
  const vectors = positions.length / pack;
  const size = sizeOf(side);
  const row = vectors * size + gap;
  const array = lowering.share(`${side.stem}s`, typeFor("f32", width), depth * row);

  const fillStep = (axes: readonly Axis[], part: Value, total: Value | undefined, at: Value): void => {
    const raw = lowering.let("at", plus(times(part, int(depth)), at));
    const number = total ? lowering.let("at", least(raw, binary("-", total, int(1)))) : raw;
    const steps = stepsAt(lowering, axes, number);
    const values = positions.map((p) => {
      const value = lowering.value(substitute(side.factor, new Map([...steps, ...p.at])));
      const whole = splat(value, wide);
      return total ? choose(less(raw, total), whole, float(0, wide)) : whole;
    });
    const to = lowering.let("to", plus(times(at, int(row)), spot.thread));
    for (let v = 0; v < vectors; v++) {
      const value = compose(values.slice(v * pack, (v + 1) * pack));
      lowering.push({ kind: "store", to: array, at: plus(to, int(v * size)), value });
    }
  };
  const fill = (axes: readonly Axis[], part: Value, total: Value | undefined): void => {
    if (stride === depth) {
      fillStep(axes, part, total, step);
      return;
    }
    const rounds = newAxis("round", depth / stride);
    lowering.loop(rounds, () => {
      const round = indexValue(axisIndex(rounds));
      fillStep(axes, part, total, lowering.let("step", plus(step, times(round, int(stride)))));
    });
  };
  const read = (first: Value, i: number): Read => {
    const from = plus(times(first, int(row)), own.thread);
    const names = Array.from({ length: vectors }, (_, v) =>
      lowering.let(side.stem, loadFrom(array, plus(from, int(i * row + v * size)))),
    );
    return (position) => {
      const slot = must(slots.get(used.map((i) => position.registers[i]).join()), "slot");
      const name = must(names[Math.floor(slot / pack)], "vector");
      return pack === 1 ? name : component(name, slot % pack);
    };
  };
  return { fill, read };
}
