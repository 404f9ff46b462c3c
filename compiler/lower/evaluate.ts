/** From index expressions to the values of a kernel, and to statements where a reduction needs a loop. */
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, Load, Reduce, ReduceOp, Substitution } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Storages } from "../ir/storage.ts";
import { isBatch, isKnown, lengthOf } from "../ir/type.ts";
import type { Memory, Value, Variable, Width } from "../ir/value.ts";
import {
  alwaysInside,
  axesOf,
  axisIndex,
  constant,
  type Looked,
  lookup,
  lookupsOf,
  mapLookups,
  newAxis,
  rangeOf,
  rowMajor,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { freeAxes, type Read, substitute, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";
import {
  apply,
  batchCount,
  binary,
  choose,
  compose,
  convert,
  elementOf,
  float,
  indexValue,
  int,
  less,
  named,
  partsOf,
  randomValue,
  sameWidth,
  sizeValue,
  splat,
  uniform,
} from "../math/value.ts";
import { codecOf } from "../ops/codec.ts";
import { scalars } from "../ops/scalar.ts";
import { Builder } from "./builder.ts";
import { reduceInLanes, sideBySide } from "./lanes.ts";
import { lookupsInOrder } from "./lookups.ts";
import { combine, NOTHING, nestInBlocks, type Sum, startOf } from "./sums.ts";
import { combineParts, loopTogether, type Members } from "./team.ts";

/** Reductions with at most this many terms are written out. */
const UNROLL = 16;
/** Operations of a value that is worth a name. */
const LARGE = 12;

/** The memories of a kernel. */
export interface Memories {
  readonly of: ReadonlyMap<Node, Memory>;
  /** Where the results go. */
  readonly stored: ReadonlyMap<Node, Memory>;
}

/** Everything that lowering a kernel takes. */
export class Lowering extends Builder {
  readonly storages: Storages;
  readonly memories: Memories;
  /** The axis whose positions are the components of a vector, if the kernel has one. */
  readonly lane: Axis | undefined;
  /** The axes that stand for numbers of tensors. */
  readonly #looked = new Map<Index, Axis>();
  /** Who shares reductions; set by the mapReduce skeleton. */
  together: Members | undefined;
  /** Whether long reductions take as many terms at once as a vector has lanes; set by strategies. */
  reducesInLanes = false;
  /** Whether what is fetched ahead may be of examples beyond the batch: no number is looked up there. Set by strategies. */
  beyondBatch = false;
  /** What is evaluated here: reductions in it that run over the same axes share a loop. */
  wanted: readonly Expr[] = [];
  /** What accumulator elements are; set by the contraction skeleton. */
  accumulator: ((index: readonly Index[]) => Value) | undefined;

  constructor(memories: Memories, storages: Storages, lane: Axis | undefined, opaque: boolean) {
    super(opaque);
    this.memories = memories;
    this.storages = storages;
    this.lane = lane;
  }

  /** The value of an expression; as a vector where it depends on the lane. */
  value(e: Expr): Value {
    return this.lookup(e) ?? this.remember(e, this.#evaluate(e));
  }

  #evaluate(e: Expr): Value {
    switch (e.kind) {
      case "const":
        return float(e.value);
      case "size":
        return convert(sizeValue(e.of), "f32");
      case "rate":
        return uniform("rates", e.slot);
      case "random":
        return this.#byLane([e.counter], ([counter = e.counter]) =>
          named("random", randomValue(convert(this.#indexValue(counter), "u32"), e.salt)),
        );
      case "position":
        return this.#byLane([e.index], ([index = e.index]) => convert(this.#indexValue(index), "f32"));
      case "load":
        return this.#load(e);
      case "acc":
        return must(this.accumulator, "accumulator")(e.index);
      case "call":
        return this.#call(e);
      case "guard":
        return this.#guard(e);
      case "reduce":
        return this.#reduce(e);
    }
  }

  #laneOf(indices: readonly Index[]): Axis | undefined {
    const lane = this.lane;
    return lane && indices.some((i) => axesOf(i).has(lane)) ? lane : undefined;
  }

  /** One value, or one for each lane, put together, where the indices depend on it. */
  #byLane(indices: readonly Index[], make: (indices: readonly Index[]) => Value): Value {
    const lane = this.#laneOf(indices);
    return lane
      ? this.#perLane(lane, (at) => make(indices.map((i) => substituteIndex(i, at))))
      : make(indices);
  }

  #perLane(lane: Axis, make: (at: Substitution) => Value): Value {
    return compose(lanePositions(lane).map(make));
  }

  /**
   * Whether all bounds hold. All are looked at (`&`, not `&&`): a branch for each within a loop makes SwiftShader take
   * minutes, and gigabytes, to build a kernel of many accumulators.
   */
  #condition(bounds: readonly Bound[]): Value {
    const tests = bounds.flatMap(({ index, extent }) => {
      const { low, high } = rangeOf(index);
      const at = this.#indexValue(index);
      const above = low < 0 ? [binary(">=", at, int(0))] : [];
      return isKnown(extent) && high < extent ? above : [...above, less(at, sizeValue(extent))];
    });
    return named(
      "inside",
      tests.reduce((a, b) => binary("&", a, b)),
    );
  }

  /** A condition that guards a store; undefined where it always holds. */
  condition(bounds: readonly Bound[]): Value | undefined {
    const open = bounds.filter((b) => !alwaysInside(b));
    return open.length > 0 ? this.#condition(open) : undefined;
  }

  #load(e: Load): Value {
    const fixed = this.#fixed(e);
    // WGSL refuses a formula of literals alone whose value is not finite: they stand in a variable.
    if (fixed) return named(roleOf(e.from), compose(fixed.map((n) => float(n))));
    const lane = this.#laneOf([address(e.from, e.index, this.storages)]);
    if (!lane) return convert(this.#element(e), "f32");
    return named(
      this.#memory(e.from).stem,
      this.#perLane(lane, (l) => {
        const index = e.index.map((i) => substituteIndex(i, l));
        return convert(this.#element({ from: e.from, index }), "f32");
      }),
    );
  }

  #memory(tensor: Node): Memory {
    return must(this.memories.of.get(tensor), "memory");
  }

  /** An element as its codec gives it. */
  #element({ from, index }: Read): Value {
    const memory = this.#memory(from);
    return elementOf(memory, this.#settled(address(from, index, this.storages)), codecOf(memory).gives);
  }

  #indexValue(index: Index): Value {
    return indexValue(this.#settled(index));
  }

  /** An axis for each number that an index looks up: it is bound where all that the number depends on is known. */
  #settled(index: Index): Index {
    if (lookupsOf(index).length === 0) return index;
    const row = (looked: Looked): Index => {
      const { from, index: place, extent } = looked;
      const key = lookup(from, place, extent);
      const axis = this.#looked.get(key) ?? newAxis("row", extent);
      this.#looked.set(key, axis);
      if (!this.isBound(axis)) {
        const number = convert(this.#element(looked), "i32");
        const kept = isBatch(extent)
          ? this.#ofBatch(looked, number)
          : apply("clamp", number, int(0), binary("-", sizeValue(extent), int(1)));
        this.at(this.depthOfAll(axesOf(key)), () => this.bind(axis, named("row", kept)));
      }
      return axisIndex(axis);
    };
    for (const { from, index: place, extent } of lookupsInOrder(index, [...this.memories.of.keys()]))
      mapLookups(lookup(from, place, extent), row);
    return mapLookups(index, row);
  }

  /** A row of a data set whose length a kernel does not know: the first one for examples that are none. */
  #ofBatch({ from, index }: Looked, row: Value): Value {
    const at = index.find((_, d) => isBatch(from.type.shape[d] ?? 1));
    return this.beyondBatch && at ? choose(less(indexValue(at), batchCount()), row, int(0)) : row;
  }

  /** The numbers that a load of a baked parameter gives, by lane; undefined where its address is not a constant. */
  #fixed(e: Load): readonly number[] | undefined {
    const values = this.storages.get(e.from)?.values;
    if (!values) return undefined;
    const at = rowMajor(e.index, e.from.type.shape);
    const lane = this.#laneOf([at]);
    const lanes = lane ? lanePositions(lane).map((l) => substituteIndex(at, l)) : [at];
    // What lies outside is discarded by a guard.
    return lanes.every((i) => i.terms.length === 0) ? lanes.map((i) => values[i.constant] ?? 0) : undefined;
  }

  #call({ fn, args }: Extract<Expr, { kind: "call" }>): Value {
    const given = args.map((a) => this.value(a));
    const { cost, value } = scalars[fn];
    const result = value(given);
    return cost === "transcendental" || sizeOf(result) > LARGE ? named("v", result) : result;
  }

  #guard(e: Extract<Expr, { kind: "guard" }>): Value {
    const lane = this.#laneOf(e.bounds.map((b) => b.index));
    if (lane)
      return named(
        "v",
        this.#perLane(lane, (at) => this.value(substitute(e, at))),
      );
    const condition = this.#condition(e.bounds);
    const [then, otherwise] = sameWidth([this.value(e.then), this.value(e.otherwise)]);
    return named("v", choose(condition, must(then, "value"), must(otherwise, "value")));
  }

  /** A reduction inside the body: written out if short, else loops with an accumulator variable. */
  #reduce(e: Reduce): Value {
    const count = e.axes.reduce((a, x) => a * lengthOf(x.extent), 1);
    if (count > UNROLL) return this.#loops(e);
    const terms = sameWidth(positionsOf(e.axes).map((at) => this.value(substitute(e.body, at))));
    return named(
      "r",
      terms.reduce((a, b) => combine(e.op, a, b)),
    );
  }

  #loops(e: Reduce): Value {
    const lane = this.lane;
    const axes = freeAxes(e);
    const along = lane && this.reducesInLanes && !axes.has(lane) ? sideBySide(e, this.storages) : undefined;
    if (lane && along) return reduceInLanes(this, e, along, lane);
    // The innermost scope among the axes it depends on.
    const depth = this.depthOfAll([...axes].filter((a) => a !== lane));
    const width = lane && axes.has(lane) ? (lane.extent as Width) : 1;
    const start = startOf(e.op);
    // Within a loop the members of a team are apart: there each adds up by itself.
    const together = depth === 0 ? this.together : undefined;
    return this.at(depth, () => {
      const all = this.besides(e).map((reduction) => ({
        reduction,
        total: this.var(e.op, float(start, width)),
      }));
      const totals = all.map((a) => a.total);
      const sum: Sum = e.op === "sum" ? { into: totals, each: 1, levels: 2 } : NOTHING;
      const addUp = (at: Substitution, into: readonly Variable[]): void =>
        all.forEach(({ reduction, total }, i) => {
          this.take(e.op, into[i] ?? total, splat(this.value(substitute(reduction.body, at)), width));
        });
      if (together) {
        loopTogether(this, e.axes, together, sum, addUp);
        combineParts(this, e.op, totals, together);
      } else nestInBlocks(this, e.axes, sum, (into) => addUp(new Map(), into));
      for (const { reduction, total } of all) this.remember(reduction, total);
      return must(totals[0], "total");
    });
  }

  /** A reduction, and others that are wanted over the same axes where neither needs the other. */
  besides(e: Reduce): readonly Reduce[] {
    const all = [e];
    for (const value of this.wanted)
      visit(value, (x) => {
        if (x.kind !== "reduce" || x.op !== e.op || this.lookup(x) || !sameAxes(x, e)) return;
        if (all.every((other) => !holds(x, other) && !holds(other, x))) all.push(x);
      });
    return all;
  }

  /** One more term of a sum, a maximum or a minimum. */
  take(op: ReduceOp, into: Variable, term: Value): void {
    if (op === "sum") this.assign(into, "+=", term);
    else this.assign(into, "=", combine(op, into, term));
  }
}

/** Whether they run over the same axes, and what they are evaluated for depends on the same ones. */
function sameAxes(a: Reduce, b: Reduce): boolean {
  const [free, others] = [freeAxes(a), freeAxes(b)];
  return (
    a.axes.length === b.axes.length &&
    a.axes.every((axis, i) => axis === b.axes[i]) &&
    free.size === others.size &&
    [...free].every((axis) => others.has(axis))
  );
}

function holds(whole: Expr, part: Expr): boolean {
  let found = false;
  visit(whole, (e) => {
    found ||= e === part;
  });
  return found;
}

const lanePositions = (lane: Axis): readonly Substitution[] => positionsOf([lane]);

/** All positions of a product of small axes, in row-major order. */
export function positionsOf(axes: readonly Axis[]): readonly Substitution[] {
  let all: Substitution[] = [new Map()];
  for (const axis of axes) {
    const extent = axis.extent as number; // callers pass axes of known, small extent
    all = all.flatMap((at) =>
      Array.from({ length: extent }, (_, i) => new Map([...at, [axis, constant(i)]])),
    );
  }
  return all;
}

const sizes = new WeakMap<Value, number>();

/** Operations of a value, apart from what has a name. */
function sizeOf(v: Value): number {
  const known = sizes.get(v);
  if (known !== undefined) return known;
  const parts = v.kind === "named" ? [] : partsOf(v);
  const size = parts.reduce((a, p) => a + sizeOf(p), 1);
  sizes.set(v, size);
  return size;
}

/** What a tensor is to the kernel that reads it, whatever it is called: `weight`, `running_mean`, `moment`, `grad`; else `x`. */
export function roleOf(node: Node): string {
  if (node.kind === "op") return node.own ?? (node.origin.role?.kind === "gradients" ? "grad" : "x");
  return (node.kind === "param" ? (node.own ?? node.use) : undefined) ?? "x";
}
