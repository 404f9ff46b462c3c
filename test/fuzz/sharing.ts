/** Steps that make models share: blocks again with one option changed, many operands, values of parameters alone. */
import type { Dice } from "./dice.ts";
import type { Draft } from "./draft.ts";
import { near, real } from "./numbers.ts";
import { type Dim, type Line, renamed, type Value } from "./spec.ts";
import { size } from "./windowSteps.ts";

const same = (a: readonly Dim[], b: readonly Dim[]): boolean => a.join() === b.join();

/** Options that count something. */
const WHOLE = new Set([
  "out",
  "kernel",
  "stride",
  "padding",
  "dilation",
  "axis",
  "groups",
  "dims",
  "size",
  "by",
  "start",
  "end",
  "parts",
  "count",
]);

/** Another value of the same kind, of the option with this name. */
function changed(dice: Dice, name: string, value: Value): Value {
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return value;
  if (typeof value === "number") return WHOLE.has(name) ? value + dice.pick([1, -1, 2]) : near(dice, value);
  const at = dice.roll(value.length);
  return value.map((v, i) => (i === at && typeof v === "number" ? v + dice.pick([1, -1]) : v));
}

/** What one line is with one of its options, or its literal, changed. */
function variant(dice: Dice, line: Line): Line {
  const { options, operands } = line;
  const literal = operands.findIndex((o) => typeof o === "number");
  if (options === undefined || Array.isArray(options)) {
    if (literal < 0) return line;
    const other = operands.map((o, i) => (i === literal && typeof o === "number" ? near(dice, o) : o));
    return { ...line, operands: other };
  }
  const entries = Object.entries(options);
  const at = dice.roll(entries.length);
  return {
    ...line,
    options: Object.fromEntries(entries.map(([k, v], i) => [k, i === at ? changed(dice, k, v) : v])),
  };
}

/** The last lines again, on another tensor or the same one, with one option changed or none. */
export function repeat(draft: Draft, x: string): string {
  const { dice } = draft;
  const block = draft.lines.slice(-dice.between(1, 4));
  const source = block[0]?.operands.flat().find((o) => typeof o === "string");
  if (source === undefined) return draft.line("relu", [x]);
  const fitting = [...draft.tensors(), ...draft.fixed(), ...draft.whole()].filter(
    (t) => same(draft.shape(t), draft.shape(source)) && draft.dtype(t) === draft.dtype(source),
  );
  const to = new Map([[source, dice.pick([...fitting.toReversed()])]]);
  const odd = dice.roll(block.length + 1);
  let last = x;
  block.forEach((line, i) => {
    const mapped = (o: string): string => to.get(o) ?? o;
    const { op, operands, options, part } = i === odd ? variant(dice, line) : line;
    const given = operands.map((o) => renamed(o, mapped));
    last = draft.line(op, given, options, part);
    to.set(line.name, last);
  });
  return last;
}

/** More operands than a kernel may bind. */
export function many(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const fitting = [...draft.tensors(), ...draft.fixed()].filter((t) => same(draft.shape(t), shape));
  const list = Array.from({ length: dice.between(2, 4) * 3 }, () => {
    const t = dice.pick(fitting.toReversed());
    // A few of them are computed, so that they are no tensors from outside.
    return dice.rarely(3) ? draft.line("mul", [t, real(dice, -2, 2)]) : t;
  });
  if (shape.length >= 2 && !dice.rarely(3))
    return draft.line("concat", [list], { axis: dice.between(1, shape.length - 1) });
  return draft.line("blend", list, { by: real(dice, -1, 1) });
}

/** A tensor of x's shape, or one that broadcasts to it, that depends on parameters alone. */
export function prepared(draft: Draft, x: string): string {
  const { dice } = draft;
  const inner = draft.shape(x).filter((d): d is number => d !== "N");
  const shape = inner.slice(dice.roll(inner.length + 1));
  const known = draft.fixed().filter((t) => same(draft.shape(t), shape));
  const p = known.length > 0 && dice.rarely(2) ? dice.pick(known) : draft.param(shape);
  const [rows = 1, columns = 1] = shape;
  switch (dice.roll(6)) {
    case 1:
      return draft.line("mul", [p, draft.param(shape)]);
    case 2:
      return draft.line("add", [p, real(dice, -1, 1)]);
    case 3:
      if (shape.length !== 2) return draft.line("tanh", [p]);
      return draft.line("transpose", [
        draft.line("reshape", [draft.param([rows * columns])], [columns, rows]),
      ]);
    case 4: {
      // A product of two thin matrices: what adapts a layer with few numbers.
      if (shape.length !== 2) return draft.line("neg", [p]);
      const rank = dice.between(1, 2);
      return draft.line("matmul", [draft.param([rows, rank]), draft.param([rank, columns])]);
    }
    case 5:
      return shape.length < 2 ? draft.line("sigmoid", [p]) : draft.line("softmax", [p]);
    default:
      return p;
  }
}

/** x with a value of parameters alone. */
export function withPrepared(draft: Draft, x: string): string {
  const { dice } = draft;
  const shape = draft.shape(x);
  const inner = size(shape, -1);
  if (dice.rarely(2) && shape.length >= 2) {
    // One matrix may serve several products, in both directions.
    const known = draft
      .fixed()
      .filter((t) => draft.shape(t).length === 2 && size(draft.shape(t), 1) === inner);
    const p =
      known.length > 0 && dice.rarely(2) ? dice.pick(known) : draft.param([dice.between(1, 7), inner]);
    const matrix = dice.rarely(2) ? draft.line("mul", [p, real(dice, 0.5, 2)]) : p;
    if (dice.rarely(2)) return draft.line("rows", [x, matrix], { scale: real(dice, 0.2, 2) });
    return draft.line("matmul", [x, draft.line("transpose", [matrix])]);
  }
  return draft.line(dice.pick(["mul", "add", "sub"]), [x, prepared(draft, x)]);
}

/** An op that the model file defines. */
export function own(draft: Draft, x: string): string {
  const { dice } = draft;
  const last = size(draft.shape(x), -1);
  switch (dice.roll(4)) {
    case 1:
      return draft.line("shifted", [x], { by: dice.pick([1, -1, 2]), otherwise: real(dice, -2, 2) });
    case 2:
      return draft.line("windowed", [x], {
        size: dice.between(1, Math.min(4, last)),
        scale: real(dice, 0.2, 2),
      });
    case 3:
      return draft.line("blend", [x, x], { by: real(dice, -1, 1) });
    default:
      return draft.line("bend", [x], { knee: real(dice, -0.5, 0.5), slope: real(dice, -1, 2) });
  }
}

/** A value of parameters alone, that only an output may see. */
export function aside(draft: Draft, x: string): string {
  prepared(draft, x);
  return x;
}
