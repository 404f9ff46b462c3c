/** Random statements, for tests of what is done with them. */
import fc from "fast-check";
import type { Axis, Index } from "../../compiler/ir/expr.ts";
import type { Stmt } from "../../compiler/ir/stmt.ts";
import type { Memory, Value, Variable } from "../../compiler/ir/value.ts";
import { Builder } from "../../compiler/lower/builder.ts";
import { add, axisIndex, constant, div, mod, newAxis, scale } from "../../compiler/math/affine.ts";
import {
  choose,
  component,
  compose,
  convert,
  elementOf,
  float,
  indexValue,
  int,
  least,
  less,
  named,
  newMemory,
  plus,
  times,
  typeFor,
} from "../../compiler/math/value.ts";

export const tensor = (writable = false): Memory =>
  newMemory({ space: "storage", stem: writable ? "y" : "x", type: typeFor("f32"), codec: "f32", writable });

/** A choice among 0 … n − 1. */
export type Choose = (n: number) => number;
export const choices = fc.gen().map(
  (gen): Choose =>
    (n) =>
      gen(fc.nat, n - 1),
);

function drawIndex(pick: Choose, axes: readonly Axis[]): Index {
  const terms = axes.map((a) => scale(axisIndex(a), [0, 1, 2, 3, 4, -1][pick(6)] ?? 0));
  const sum = add(...terms, constant(pick(8)));
  if (pick(4) > 0) return sum;
  return pick(2) ? add(scale(div(sum, 2 + pick(2)), 4), pick(4)) : add(mod(sum, 2 + pick(3)), pick(4));
}

/** A number of f32. */
function drawValue(pick: Choose, axes: readonly Axis[], from: readonly Memory[], depth = 0): Value {
  const memory = from[pick(from.length)] ?? tensor();
  const inner = (): Value => drawValue(pick, axes, from, depth + 1);
  const at = drawIndex(pick, axes);
  switch (pick(depth < 3 ? 7 : 2)) {
    case 0:
      return elementOf(memory, at);
    case 1: {
      const width = 2 ** (1 + pick(2));
      const parts = Array.from({ length: width }, (_, i) =>
        elementOf(memory, add(at, pick(8) ? i : width - 1 - i)),
      );
      return component(compose(parts), pick(width));
    }
    case 2:
      return named("v", inner());
    case 3:
      return plus(inner(), inner());
    case 4:
      return times(inner(), inner());
    case 5:
      return named(
        "v",
        choose(less(indexValue(at), int(pick(6))), pick(2) ? inner() : float(3), float(pick(3))),
      );
    default:
      return plus(convert(indexValue(at), "f32"), inner());
  }
}

/** Loops, branches, sums and stores, as lowering builds them. */
export function drawProgram(pick: Choose): readonly Stmt[] {
  const builder = new Builder(false);
  const from = [tensor(), tensor()];
  const to = tensor(true);
  const body = (axes: readonly Axis[], sums: readonly Variable[], depth: number): void => {
    const own = [...sums, builder.var("acc", float(0))];
    for (let left = 1 + pick(4); left > 0; left--) {
      const value = drawValue(pick, axes, from);
      const sum = own[pick(own.length)];
      const choice = pick(depth < 3 ? 4 : 2);
      if (choice === 0) builder.push({ kind: "store", to, at: indexValue(drawIndex(pick, axes)), value });
      if (choice === 1 && sum) {
        if (pick(3)) builder.assign(sum, "+=", value);
        else builder.assign(sum, "=", least(sum, value));
      }
      if (choice === 2) {
        const axis = newAxis("k", 1 + pick(3));
        builder.loop(axis, () => body([...axes, axis], own, depth + 1));
      }
      if (choice === 3)
        builder.if(less(indexValue(drawIndex(pick, axes)), int(pick(8))), () => body(axes, own, depth + 1));
    }
    for (const value of own) builder.push({ kind: "store", to, at: int(0), value });
  };
  body([], [], 0);
  return builder.statements;
}
