/**
 * Panels: the right factor of a contraction is first written down in panels of a few columns, each in the order in which the
 * sum goes through it (Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008). Rows that are far
 * apart in memory share places of a processor's cache, and lose them to each other. Weights are written once, when they are set.
 */
import type { Shape } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Axis, Expr, Load } from "../ir/expr.ts";
import type { ContractionKernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import { isKnown } from "../ir/type.ts";
import { add, axisIndex, axisOf, div, mod, newAxis, scale } from "../math/affine.ts";
import { load } from "../math/build.ts";
import { derivedNode, suffixed } from "../ops/derived.ts";
import { type Factors, factorsIn, inOrder, replaced } from "./factors.ts";
import type { Strategy } from "./strategy.ts";
import { extentOf, positionsAt } from "./target.ts";
import { parseCount } from "./text.ts";

/** Columns of a panel: two vectors, or one. */
const COLUMNS = [8, 4] as const;
/** Columns from which on rows lie too far apart. */
const LEAST = 64;
/** Products for each number that is written down in every run. */
const PRODUCTS = 64;

export interface Panels extends Schedule {
  readonly strategy: "panels";
  readonly columns: number;
  /** Whether they are written when weights are set, and not in every run. */
  readonly once: boolean;
}

export const panels: Strategy<ContractionKernel, Panels> = {
  name: "panels",
  kind: "contraction",
  labels: ["panels", "once"],

  choose(kernel, target, storages) {
    if (!target.vectors || kernel.region.phase === "prepare") return undefined;
    const found = factorOf(kernel);
    if (!found || extentOf(found.columns) < LEAST) return undefined;
    const once = isFixed(found.rhs, storages);
    const size = found.rhs.index.reduce((a, i) => a * extentOf(must(axisOf(i), "axis")), 1);
    const products = positionsAt([...kernel.axes, ...kernel.k], target);
    return once || products >= PRODUCTS * size ? scheduled(found.width, once) : undefined;
  },

  // A tuner measures one dispatch at a time.
  trials: () => [],

  items(_, { columns, once }) {
    return [[this.name, columns], ...(once ? ([["once"]] as const) : [])];
  },

  parse(kernel, said) {
    const columns = parseCount(said.get(this.name), COLUMNS[0]);
    const found = factorOf(kernel);
    return columns !== undefined && found && extentOf(found.columns) % columns === 0
      ? scheduled(columns, said.has("once"))
      : undefined;
  },

  passes({ region }, { columns, once }) {
    const factors = factorsIn(region);
    const rhs = factors.rhs as Load; // as `choose` and `parse` have seen
    const { copy, value } = copyOf(factors, rhs, columns, once ? "prepare" : region.phase);
    return [copy, replaced(factors.region, rhs, value)];
  },

  grid: () => {
    throw inPasses();
  },
  lower: () => {
    throw inPasses();
  },
};

const inPasses = (): InternalError =>
  new InternalError("a factor in panels is carried out by the kernels of its passes");

function scheduled(columns: number, once: boolean): Panels {
  const none = { tile: new Map<Axis, number>(), vector: null, together: null, opaque: false };
  return { strategy: "panels", columns, once, workgroup: 1, ...none };
}

/** A right factor that is a tensor, an axis for each of its dimensions, and the widest panel that its columns divide into. */
function factorOf(
  kernel: ContractionKernel,
): { readonly rhs: Load; readonly columns: Axis; readonly width: number } | undefined {
  const { rhs, columns } = factorsIn(kernel.region);
  const width = columns && COLUMNS.find((w) => extentOf(columns) % w === 0);
  if (rhs.kind !== "load" || !columns || !width) return undefined;
  const axes = rhs.index.map(axisOf);
  const isPlain = axes.includes(columns) && axes.every((a) => a !== undefined && isKnown(a.extent));
  return isPlain ? { rhs, columns, width } : undefined;
}

const isFixed = ({ from }: Load, storages: Storages): boolean => storages.get(from)?.fixed === true;

/** The region that writes the panels, the summed axes in each in the order of the left factor; and a number of theirs. */
function copyOf(
  { region, sum, lhs, columns }: Factors,
  rhs: Load,
  width: number,
  phase: Region["phase"],
): { readonly copy: Region; readonly value: Expr } {
  const column = must(columns, "columns");
  const all = rhs.index.map((i) => must(axisOf(i), "axis"));
  const summed = inOrder(
    all.filter((a) => sum.axes.includes(a)),
    lhs,
  );
  const others = all.filter((a) => a !== column && !sum.axes.includes(a));
  const order = [...others, ...summed];
  const shape: Shape = [
    ...others.map((a) => a.extent),
    extentOf(column) / width,
    ...summed.map((a) => a.extent),
    width,
  ];
  const valueAt = (at: readonly Axis[]): Expr => {
    const index = at.map(axisIndex);
    const [panel, lane] = [must(index[others.length], "panel"), must(index.at(-1), "lane")];
    const rest = index.filter((i) => i !== panel && i !== lane);
    const place = (a: Axis) =>
      a === column ? add(scale(panel, width), lane) : must(rest[order.indexOf(a)], "place");
    return load(rhs.from, all.map(place));
  };
  const origin = suffixed(must(region.results[0], "result").root.origin, "panels");
  const root = derivedNode("panels", { dtype: "f32", shape }, origin, ({ at }) => valueAt(at));
  const axes = shape.map((extent) => newAxis("p", extent));
  const results = [{ root, place: axes.map(axisIndex), value: valueAt(axes) }];
  const [number, index] = [axisIndex(column), (a: Axis) => axisIndex(a)];
  return {
    copy: { results, nodes: [root], axes, reads: [rhs.from], phase },
    value: load(root, [...others.map(index), div(number, width), ...summed.map(index), mod(number, width)]),
  };
}
