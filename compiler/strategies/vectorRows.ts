/**
 * Vector rows: each thread walks rows of positions, four neighbours at once, and long reductions take four terms at once. What
 * does not fill a vector comes one by one. For processors that fetch vectors from any address, whose threads are turns of a
 * loop: finding a place costs as much as some elements.
 */
import { must } from "../errors.ts";
import type { Axis, Reduce, Substitution } from "../ir/expr.ts";
import type { MapReduceKernel, Schedule } from "../ir/kernel.ts";
import { isKnown } from "../ir/type.ts";
import type { Lowering } from "../lower/evaluate.ts";
import { storeResults } from "../lower/store.ts";
import {
  gridOf,
  type Position,
  placeThread,
  registerPositions,
  type Tiled,
  type Vector,
} from "../lower/threads.ts";
import { add, axisIndex, newAxis, scale } from "../math/affine.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf } from "./target.ts";
import { parseCount } from "./text.ts";
import { longReductions } from "./threadPerPosition.ts";

const WIDTH = 4;
/** Positions that a thread walks, at least; and threads that are left, for processors of several cores. */
const WALKED = 64;
const LEAST_THREADS = 32;

export interface VectorRows extends Schedule {
  readonly strategy: "vector rows";
  /** Axes of the space that a thread walks, outermost first. */
  readonly walked: readonly Axis[];
}

export const vectorRows: Strategy<MapReduceKernel, VectorRows> = {
  name: "vector rows",
  kind: "mapReduce",
  labels: ["vector rows"],

  choose(kernel, target) {
    return target.vectors ? scheduled(kernel, rowsOf(kernel)) : undefined;
  },

  // A tuner measures adapters.
  trials: () => [],

  items(_, { walked }) {
    return [[this.name, walked.length + 1]];
  },

  parse(kernel, said) {
    const rows = parseCount(said.get(this.name), kernel.space.length + 1);
    return rows === undefined ? undefined : scheduled(kernel, rows - 1);
  },

  grid: (kernel, schedule) => gridOf(tilesOf(kernel, schedule)),

  lower(lowering, { thread, past }, kernel, schedule, vector) {
    lowering.reducesInLanes = true;
    const { held } = placeThread(lowering, thread, tilesOf(kernel, schedule), undefined, past);
    for (const position of registerPositions(held))
      walkRows(lowering, kernel, schedule.walked, position, vector);
  },
};

/** Walks axes, outermost first; where the innermost has lanes, whole vectors, and then what is left. */
function walkRows(
  lowering: Lowering,
  kernel: MapReduceKernel,
  axes: readonly Axis[],
  position: Position,
  vector: Vector | undefined,
): void {
  const from = ([axis, ...inner]: readonly Axis[], at: Substitution): void => {
    if (axis === undefined) {
      storeResults(lowering, kernel, { ...position, at });
      return;
    }
    if (axis !== vector?.axis) {
      lowering.loop(axis, () => from(inner, new Map([...at, [axis, axisIndex(axis)]])));
      return;
    }
    const extent = extentOf(axis);
    const [whole, left] = [Math.floor(extent / WIDTH), extent % WIDTH];
    const blocks = newAxis(axis.name, whole);
    const lanes = add(scale(axisIndex(blocks), WIDTH), axisIndex(vector.lane));
    lowering.loop(blocks, () => from(inner, new Map([...at, [axis, lanes]])));
    if (left === 0) return;
    const rest = newAxis(axis.name, left);
    lowering.loop(rest, () => from(inner, new Map([...at, [axis, add(axisIndex(rest), whole * WIDTH)]])));
  };
  from(axes, position.at);
}

function tilesOf({ space }: MapReduceKernel, { walked }: Pick<VectorRows, "walked">): readonly Tiled[] {
  return space.filter((a) => !walked.includes(a)).map((axis) => ({ axis, tile: 1 }));
}

/** How many of the innermost axes are walked. */
function rowsOf({ space }: MapReduceKernel): number {
  const known = space.map((a) => (isKnown(a.extent) ? a.extent : 1));
  let [rows, walked] = [0, 1];
  let threads = known.reduce((a, n) => a * n, 1);
  for (const axis of space.toReversed()) {
    if (!isKnown(axis.extent) || walked >= WALKED || (rows > 0 && threads / axis.extent < LEAST_THREADS))
      break;
    walked *= axis.extent;
    threads /= axis.extent;
    rows++;
  }
  return rows;
}

function scheduled(kernel: MapReduceKernel, rows: number): VectorRows {
  const { long, serial, reduces } = longReductions(kernel);
  const { space } = kernel;
  const walked = space.filter(
    (a, i) => isKnown(a.extent) && (i >= space.length - rows || serial.includes(a)),
  );
  const last = walked.at(-1);
  const isFree = last !== undefined && (!reduces || serial.includes(last)) && extentOf(last) >= WIDTH;
  const axis = isFree ? last : long.map(summedLanes).find((a) => a !== undefined);
  return {
    strategy: "vector rows",
    walked,
    vector: axis ? { axis, width: WIDTH } : null,
    tile: new Map(isFree ? [[must(last, "axis"), WIDTH]] : []),
    workgroup: 1,
    together: null,
    opaque: false,
  };
}

/** An axis of a reduction that fills a vector. */
const summedLanes = ({ axes }: Reduce): Axis | undefined =>
  axes.find((a) => isKnown(a.extent) && a.extent >= WIDTH);
