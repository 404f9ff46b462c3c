/** Steps that take a tensor apart, that read where whole numbers say, and that give several results of one tensor. */
import type { Draft } from "./draft.ts";
import { real } from "./numbers.ts";
import type { Dim, Value } from "./spec.ts";
import { divisors, size } from "./windowSteps.ts";

const numbered = (shape: readonly Dim[]): readonly number[] =>
  shape.flatMap((d, i) => (d === "N" ? [] : [i]));
export const hasNumber = (shape: readonly Dim[]): boolean => numbered(shape).length > 0;

/** Some positions along an axis, or all of them in parts; parts that nobody reads are outputs. */
export function cut(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axis = dice.pick(numbered(shape).toReversed());
  const n = size(shape, axis);
  const along: Record<string, Value> =
    axis === 1 ? {} : { axis: dice.rarely(3) ? axis - shape.length : axis };
  if (dice.rarely(3)) {
    const start = dice.roll(n);
    const end = dice.between(start + 1, n);
    if (dice.rarely(3))
      return draft.line("slice", [x], { ...along, start: end - 1, step: -dice.between(1, 3) });
    const step = dice.rarely(2) ? { step: dice.between(1, 3) } : {};
    return draft.line("slice", [x], { ...along, start, end, ...step });
  }
  const options = {
    ...along,
    ...(dice.rarely(3) ? { parts: dice.pick(divisors(n)) } : { sizes: sizes(draft, n) }),
  };
  const count = "sizes" in options ? options.sizes.length : Number(options.parts);
  const chosen = Array.from(
    { length: Math.min(count, dice.between(1, 4)) },
    (_, i) => (i + dice.roll(count)) % count,
  );
  const parts = [...new Set(chosen)].map((part) => draft.line("split", [x], options, part));
  const [a = x, b] = parts;
  if (b === undefined) return a;
  switch (dice.roll(4)) {
    case 1:
      return draft.line("concat", [parts.toReversed()], { axis });
    case 2:
      return draft.shape(a).join() === draft.shape(b).join()
        ? draft.line("mul", [a, draft.line("sigmoid", [b])])
        : draft.line("tanh", [a]);
    default:
      return b;
  }
}

/** Axes more or less, and elements more than once or elsewhere. */
export function turn(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const axes = numbered(shape);
  const axis = dice.pick(axes);
  switch (dice.roll(7)) {
    case 0:
      return draft.line("unsqueeze", [x], { axis: dice.rarely(2) ? -1 : axis });
    case 1:
      return shape.includes(1)
        ? draft.line("squeeze", [x], { axis: shape.indexOf(1) })
        : draft.line("stack", [[x, x]]);
    case 2: {
      const most = shape.reduce<number>((a, d) => a * (d === "N" ? 1 : d), 1) > 400 ? 1 : 3;
      return draft.line(
        "tile",
        [x],
        shape.map((_, i) => (i === axis ? dice.between(1, most) : 1)),
      );
    }
    case 3:
      if (dice.rarely(3) && shape.length > 2)
        return draft.line(dice.pick(["triu", "tril"]), [x], { diagonal: dice.between(-2, 2) });
      return draft.line("flip", [x], { axis: dice.rarely(2) ? axes : axis });
    case 4:
      return draft.line("roll", [x], { shift: dice.between(-4, 4), axis });
    case 5:
      return draft.line("expand", [x], shape[0] === "N" ? ["N", ...shape.slice(1)] : [2, ...shape]);
    default: {
      const n = size(shape, axis);
      const mode = dice.pick(["reflect", "edge", "wrap"]);
      const most = Math.min(3, mode === "reflect" ? n - 1 : n);
      return draft.line("pad", [x], { mode, axis, padding: [dice.between(0, most), dice.between(0, most)] });
    }
  }
}

/** Sizes that add up to n. */
function sizes(draft: Draft, n: number): readonly number[] {
  const found: number[] = [];
  for (let rest = n; rest > 0; rest -= found.at(-1) ?? 0)
    found.push(found.length === 4 ? rest : draft.dice.between(1, rest));
  return found;
}

/** Whole numbers: known ones or an input of their own, as they are or moved. */
function places(draft: Draft, batched: boolean): string {
  const { dice } = draft;
  const known = draft.whole();
  const use = known.length > 0 && (!draft.open || dice.rarely(2));
  const w = use ? dice.pick(known.toReversed()) : newPlaces(draft, batched);
  const shape = draft.shape(w);
  if (!hasNumber(shape)) return w;
  switch (dice.roll(8)) {
    case 1:
      return draft.line("reshape", [w], shape[0] === "N" ? ["N", -1] : [-1]);
    case 2:
      return draft.line("concat", [[w, w]], { axis: shape.length - 1 });
    case 3:
      return draft.line("slice", [w], { axis: -1, start: dice.roll(size(shape, -1)) });
    case 4:
      return draft.line("gather", [w, places(draft, shape[0] === "N")]);
    default:
      return w;
  }
}

function newPlaces(draft: Draft, batched: boolean): string {
  const { dice } = draft;
  const own = Array.from({ length: dice.between(batched ? 0 : 1, 2) }, () => dice.between(1, 4));
  const shape: Dim[] = batched ? ["N", ...own] : own;
  return draft.input({ name: `i${draft.inputs.length}`, shape, dtype: dice.pick(["i32", "u32"]) });
}

/** Rows of a table, or positions of x, by whole numbers. */
export function lookup(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const batched = shape[0] === "N";
  if (!hasNumber(shape) || dice.rarely(2))
    return draft.line("embedding", [places(draft, batched)], {
      count: dice.between(1, 9),
      size: dice.between(1, 5),
    });
  if (dice.rarely(4))
    return draft.line("gather", [
      draft.param([dice.between(1, 7), dice.between(1, 4)]),
      places(draft, batched),
    ]);
  const axis = dice.pick(numbered(shape));
  const options = axis === (batched ? 1 : 0) ? undefined : { axis };
  return draft.line("gather", [x, places(draft, batched && !dice.rarely(3))], options);
}

/** Several results over the same positions of one tensor: what kernels store together. */
export function together(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  if (shape.length >= 2 && dice.rarely(2)) {
    const options = { axis: dice.between(1, shape.length - 1), keepDims: dice.rarely(2) };
    const squares = draft.line("mul", [x, x]);
    draft.line(dice.pick(["mean", "sum"]), [x], options);
    if (dice.rarely(2)) draft.line(dice.pick(["max", "min"]), [x], options);
    return draft.line("mean", [squares], options);
  }
  const a = draft.line(dice.pick(["tanh", "sigmoid", "gelu"]), [x]);
  const b = draft.line("mul", [dice.rarely(2) ? a : x, real(dice, -2, 2)]);
  const c = draft.line("silu", [dice.rarely(2) ? b : x]);
  return dice.rarely(2) ? draft.line("max", [a, c]) : c;
}
