/** Divided axes: split, so that indices are affine. */
import type { Axis, Expr, Index } from "../ir/expr.ts";
import type { Result } from "../ir/region.ts";
import { isKnown } from "../ir/type.ts";
import { add, axisIndex, newAxis, rowMajor, scale, substitute as substituteIndex } from "./affine.ts";
import { mapChildren, type Read, reduce, substitute, visit } from "./build.ts";

/** Values, their axes, and where they lie: an index per dimension, over the axes. */
interface Split<T> {
  readonly results: readonly T[];
  readonly axes: readonly Axis[];
}
type Placed = Pick<Result, "value" | "place">;

/** Splits each axis that is divided by a factor of its extent, until none is: a = outer · by + inner. */
export function splitAxes<T extends Placed>(region: Split<T>): Split<T> {
  let split = region;
  for (let target = divided(split.results); target; target = divided(split.results))
    split = splitAxis(split, target.axis, target.by);
  return split;
}

/**
 * An axis that occurs alone, or moved by a number (what a padding does), under a division or remainder by a factor of its
 * extent. Loads are judged by their address: a reshape of a row-major tensor folds back and needs no split. What is left of
 * a moved one is divided still, but its inner part alone: ⌊(8·outer + inner + 3) / 8⌋ = outer + ⌊(inner + 3) / 8⌋.
 */
function divided(results: readonly Placed[]): { readonly axis: Axis; readonly by: number } | undefined {
  let found: { readonly axis: Axis; readonly by: number } | undefined;
  const look = (index: Index): void => {
    for (const { atom } of index.terms) {
      if (atom.kind === "axis") continue;
      if (atom.kind === "lookup") {
        look(addressOf(atom));
        continue;
      }
      const [term] = atom.of.terms;
      const alone = atom.of.terms.length === 1 && term?.coefficient === 1;
      if (alone && term.atom.kind === "axis") {
        const { extent } = term.atom;
        // An axis of that extent is what a split leaves.
        if (isKnown(extent) && extent > atom.by && extent % atom.by === 0)
          found ??= { axis: term.atom, by: atom.by };
      }
      look(atom.of);
    }
  };
  for (const { value } of results)
    visit(value, (e) => {
      if (e.kind === "load") look(addressOf(e));
      else if (e.kind === "position") look(e.index);
      else if (e.kind === "guard") for (const b of e.bounds) look(b.index);
    });
  return found;
}

const addressOf = ({ from, index }: Read): Index => rowMajor(index, from.type.shape);

function splitAxis<T extends Placed>(split: Split<T>, axis: Axis, by: number): Split<T> {
  const outer = newAxis(`${axis.name}o`, (axis.extent as number) / by);
  const inner = newAxis(`${axis.name}i`, by);
  const map = new Map([[axis, add(scale(axisIndex(outer), by), axisIndex(inner))]]);
  const parts = (axes: readonly Axis[]): readonly Axis[] =>
    axes.flatMap((a) => (a === axis ? [outer, inner] : [a]));
  // A reduced axis keeps its place in the reduction: its body is rewritten, its list gets both parts.
  const rebuild = (e: Expr): Expr =>
    e.kind === "reduce" ? reduce(e.op, parts(e.axes), rebuild(e.body)) : mapChildren(e, rebuild);
  const results = split.results.map((r) => ({
    ...r,
    value: substitute(rebuild(r.value), map),
    place: r.place.map((i) => substituteIndex(i, map)),
  }));
  return { results, axes: parts(split.axes) };
}
