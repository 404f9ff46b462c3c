/**
 * Packing: what a contraction reads again and again is first written down in the order in which it is read (Goto & van de Geijn,
 * "Anatomy of High-Performance Matrix Multiplication", 2008). A padded factor is written with its padding, so that no step of
 * the sum asks for it, and with its channels side by side where they are summed; so is a factor of many channels that many
 * columns read. For processors whose threads read whole rows by themselves.
 */
import type { Shape } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Guard, Index, Load } from "../ir/expr.ts";
import type { ContractionKernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import { isBatch, isKnown, sizeAt } from "../ir/type.ts";
import {
  add,
  axesOf,
  axisIndex,
  axisOf,
  newAxis,
  rangeOf,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { guard, literal, load, mapChildren, tensorsOf, visit } from "../math/build.ts";
import { derivedNode, suffixed } from "../ops/derived.ts";
import { type Factors, factorsIn, replaced } from "./factors.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, positionsAt, type Target } from "./target.ts";

/** Products for each number that is written down. */
const LEAST = 4;
/** Summed channels that are worth lying side by side. */
const CHANNELS = 4;
/** Channels, and columns, from which on rows that lie where they are are read too often. */
const FAR = 128;

export interface Packing extends Schedule {
  readonly strategy: "packing";
}

export const packing: Strategy<ContractionKernel, Packing> = {
  name: "packing",
  kind: "contraction",
  labels: ["packing"],

  choose(kernel, target) {
    if (!target.vectors) return undefined;
    const padded = paddedFactors(factorsIn(kernel.region));
    const products = positionsAt([...kernel.axes, ...kernel.k], target);
    const pays = (p: Padded): boolean => products >= LEAST * sizeOf(shapeOf(p), target);
    return padded.length > 0 && padded.every(pays) ? scheduled : undefined;
  },

  // A tuner measures one dispatch at a time.
  trials: () => [],

  items() {
    return [[this.name]];
  },

  parse(kernel) {
    return paddedFactors(factorsIn(kernel.region)).length > 0 ? scheduled : undefined;
  },

  passes({ region }) {
    const factors = factorsIn(region);
    const copies = paddedFactors(factors).map((padded) => ({ padded, ...copyOf(region, padded, factors) }));
    const packed = copies.reduce((r, { padded, value }) => replaced(r, padded.factor, value), factors.region);
    return [...copies.map((c) => c.copy), packed];
  },

  grid: () => {
    throw inPasses();
  },
  lower: () => {
    throw inPasses();
  },
};

const inPasses = (): InternalError =>
  new InternalError("a packed factor is carried out by the kernels of its passes");

const scheduled: Packing = {
  strategy: "packing",
  workgroup: 1,
  tile: new Map(),
  vector: null,
  together: null,
  opaque: false,
};

/** A factor that is read at some place of a tensor where it is inside, else a known number. */
interface Padded {
  readonly factor: Expr;
  readonly bounds: Guard["bounds"];
  readonly inside: Expr;
  readonly otherwise: Expr;
  readonly of: Load;
  /** Of each dimension what it is counted by: a sum of positions, from where to where; or the number of an example. */
  readonly dims: readonly (Counted | undefined)[];
}
interface Counted {
  readonly low: number;
  readonly high: number;
}

function paddedFactors(factors: Factors): readonly Padded[] {
  return [factors.lhs, factors.rhs].flatMap((factor) => paddedFactor(factor, factors) ?? []);
}

/** Whether many columns read a factor whose many summed channels lie far apart. */
function isScattered(factor: Expr, { lhs, sum, columns }: Factors): boolean {
  if (factor !== lhs || factor.kind !== "load" || !columns || extentOf(columns) < FAR) return false;
  const channel = factor.index.findIndex((i) => {
    const axis = axisOf(i);
    return axis !== undefined && isKnown(axis.extent) && sum.axes.includes(axis) && axis.extent >= FAR;
  });
  return channel >= 0 && channel < factor.index.length - 1;
}

/** Where all that a factor depends on is the place of one load, and each bound is that of a dimension. */
function paddedFactor(factor: Expr, factors: Factors): Padded | undefined {
  const isGuard = factor.kind === "guard";
  const bounds = isGuard ? factor.bounds : [];
  const [inside, otherwise] = isGuard ? [factor.then, factor.otherwise] : [factor, literal(0)];
  if (otherwise.kind !== "const" || (bounds.length === 0 && !isScattered(factor, factors))) return undefined;
  const loads: Load[] = [];
  let isPlain = true;
  visit(inside, (e) => {
    if (e.kind === "load" && !loads.includes(e)) loads.push(e);
    isPlain &&= e.kind === "load" || e.kind === "call" || e.kind === "const";
  });
  const [of] = loads;
  if (!of || loads.length > 1 || !isPlain) return undefined;
  const { shape } = of.from.type;
  const dims = of.index.map((index) =>
    index.terms.every((t) => t.atom.kind === "axis" && isKnown(t.atom.extent)) ? rangeOf(index) : undefined,
  );
  const isKnownPlace = of.index.every((index, d) => dims[d] !== undefined || exampleOf(index) !== undefined);
  const isBounded = bounds.every(({ index, extent }) => {
    const d = of.index.indexOf(index);
    const isAlone = d === of.index.lastIndexOf(index); // else the copy's guard would hold for one of them
    return isAlone && dims[d] !== undefined && shape[d] === extent && isKnown(extent);
  });
  return isKnownPlace && isBounded ? { factor, bounds, inside, otherwise, of, dims } : undefined;
}

/** The axis of examples that an index alone depends on: it is one's number, or what is looked up by that. */
function exampleOf(index: Index): Axis | undefined {
  const [axis, ...others] = axesOf(index);
  return axis && others.length === 0 && isBatch(axis.extent) ? axis : undefined;
}

const shapeOf = ({ dims }: Padded): Shape => dims.map((d) => (d ? d.high - d.low + 1 : "N"));

const sizeOf = (shape: Shape, target: Target): number =>
  shape.reduce<number>((a, d) => a * sizeAt(d, target.batch), 1);

/** The region that writes the padded factor, a summed channel last where columns are vectors; and its number for the factor's. */
function copyOf(
  region: Region,
  padded: Padded,
  { sum, columns }: Factors,
): { readonly copy: Region; readonly value: Expr } {
  const { bounds: given, inside, otherwise, of, dims } = padded;
  const numbers = [...dims.keys()];
  const channel = of.index.findIndex((i) => {
    const axis = axisOf(i);
    return axis !== undefined && isKnown(axis.extent) && sum.axes.includes(axis) && axis.extent >= CHANNELS;
  });
  const isWide = columns !== undefined && extentOf(columns) >= CHANNELS;
  const order = channel >= 0 && isWide ? [...numbers.filter((d) => d !== channel), channel] : numbers;
  const ordered = <T>(list: readonly T[]): readonly T[] => order.map((d) => must(list[d], "dimension"));
  const valueAt = (at: readonly Axis[]): Expr => {
    const index = of.index.map((i, d) => {
      const place = axisIndex(must(at[order.indexOf(d)], "axis"));
      const example = exampleOf(i);
      return dims[d]
        ? add(place, dims[d].low)
        : substituteIndex(i, new Map(example ? [[example, place]] : []));
    });
    const bounds = given.map(({ index: bounded, extent }) => ({
      index: must(index[of.index.indexOf(bounded)], "index"),
      extent,
    }));
    const put = (e: Expr): Expr => (e === of ? load(of.from, index) : mapChildren(e, put));
    return bounds.length > 0 ? guard(bounds, put(inside), otherwise) : put(inside);
  };
  const shape = ordered(shapeOf(padded));
  const origin = suffixed(must(region.results[0], "result").root.origin, "padded");
  const root = derivedNode("padded", { dtype: "f32", shape }, origin, ({ at }) => valueAt(at));
  const axes = shape.map((extent, d) => newAxis("nchw"[d] ?? "d", extent));
  const value = valueAt(axes);
  const results = [{ root, place: axes.map(axisIndex), value }];
  const index = of.index.map((i, d) => {
    const example = exampleOf(i);
    return dims[d] || !example ? add(i, -(dims[d]?.low ?? 0)) : axisIndex(example);
  });
  return {
    copy: { results, nodes: [root], axes, reads: tensorsOf(value), phase: region.phase },
    value: load(root, ordered(index)),
  };
}
