/** Arithmetic, comparisons and sums on known numbers. */
import { axisOf, range } from "../rows/row.ts";
import {
  type Element,
  type ElementType,
  isFloat,
  known,
  numbersOf,
  refuse,
  sizeOf,
  TYPES,
} from "../value.ts";
import { axesOf, each, type Fold, type Folds, first, isNumber, nameOf, placesIn, stored } from "./places.ts";

/** Numbers, or where one is a size that a run decides, what `special` says of it. */
const arithmetic =
  (
    name: string,
    f: (a: number, b: number, float: boolean) => number,
    special: (a: Element, b: Element) => Element | undefined = () => undefined,
  ): Fold =>
  (call, inputs) => {
    const type = inputs[0]?.type ?? "f32";
    const combine = (a: Element, b: Element): Element =>
      isNumber(a) && isNumber(b)
        ? stored(type, f(a, b, isFloat(type)))
        : (special(a, b) ??
          refuse(
            `${nameOf(a)} ${name} ${nameOf(b)} is no size`,
            "bind it: --dim NAME=SIZE, dims: { NAME: SIZE }",
          ));
    const [first, second, ...rest] = inputs;
    if (!first) return refuse("it has no operands");
    if (!second) return first;
    return rest.reduce(
      (sum, v) => each(call, type, [sum, v], combine),
      each(call, type, [first, second], combine),
    );
  };

const unary =
  (f: (x: number) => number): Fold =>
  (call, inputs) => {
    const [x] = inputs;
    if (!x) return refuse("it has no operand");
    const numbers = numbersOf(x.data, "its operand");
    call.spend(numbers.length);
    return known(
      x.type,
      x.shape,
      numbers.map((v) => stored(x.type, f(v))),
    );
  };

/** A size that a run decides is at least 1; what else is not known of it is refused. */
const compare =
  (
    name: string,
    f: (a: number, b: number) => boolean,
    least: (x: number) => boolean | undefined = () => undefined,
  ): Fold =>
  (call, inputs) =>
    each(call, "bool", inputs, (a, b) => {
      if (isNumber(a ?? 0) && isNumber(b ?? 0)) return f(Number(a), Number(b)) ? 1 : 0;
      if (a === b) return f(1, 1) ? 1 : 0;
      const [number] = [a, b].filter((x) => x !== undefined && isNumber(x));
      const certain = number === undefined ? undefined : least(Number(number));
      return certain === undefined
        ? refuse(`${nameOf(a ?? 0)} ${name} ${nameOf(b ?? 0)} is not known at import`)
        : certain
          ? 1
          : 0;
    });

const reduce =
  (
    since: number,
    start: number,
    f: (sum: number, x: number) => number,
    end: (sum: number, count: number) => number = (s) => s,
  ): Fold =>
  (call, inputs) => {
    const x = first(inputs);
    const rank = x.shape.length;
    const given = axesOf(call, since);
    if (call.int("noop_with_empty_axes", 0) !== 0 && !given?.length) return x;
    const axes = given?.length ? given.map((a) => axisOf(a, rank)) : range(0, rank);
    const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const numbers = numbersOf(x.data, "its operand");
    const sums = Array.from({ length: sizeOf(kept) }, () => start);
    const place = placesIn(kept, x.shape);
    numbers.forEach((v, i) => {
      const at = place(i);
      sums[at] = f(sums[at] ?? 0, v);
    });
    const count = axes.reduce((n, a) => n * (x.shape[a] ?? 1), 1);
    const shape = call.int("keepdims", 1) !== 0 ? kept : x.shape.filter((_, i) => !axes.includes(i));
    return known(
      x.type,
      shape,
      sums.map((s) => stored(x.type, end(s, count))),
    );
  };

export const arithmetics: Folds = {
  Add: arithmetic(
    "+",
    (a, b) => a + b,
    (a, b) => (a === 0 ? b : b === 0 ? a : undefined),
  ),
  Sub: arithmetic(
    "−",
    (a, b) => a - b,
    (a, b) => (b === 0 ? a : a === b ? 0 : undefined),
  ),
  Mul: arithmetic(
    "·",
    (a, b) => a * b,
    (a, b) => (a === 1 ? b : b === 1 ? a : a === 0 || b === 0 ? 0 : undefined),
  ),
  Div: arithmetic(
    "/",
    (a, b, float) => (float ? a / b : Math.trunc(a / b)),
    (a, b) => (b === 1 ? a : a === b ? 1 : undefined),
  ),
  Mod: arithmetic("mod", (a, b) => a - b * Math.floor(a / b)),
  Pow: arithmetic(
    "to the power of",
    (a, b) => a ** b,
    (a, b) => (b === 1 ? a : undefined),
  ),
  Max: arithmetic(
    "max",
    (a, b) => Math.max(a, b),
    (a, b) => (a === b || (isNumber(b) && b <= 1) ? a : isNumber(a) && a <= 1 ? b : undefined),
  ),
  Min: arithmetic(
    "min",
    (a, b) => Math.min(a, b),
    (a, b) => (a === b ? a : isNumber(b) && b <= 1 ? b : isNumber(a) && a <= 1 ? a : undefined),
  ),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Reciprocal: unary((x) => 1 / x),
  Not: unary((x) => 1 - x),
  And: compare("and", (a, b) => a !== 0 && b !== 0),
  Or: compare("or", (a, b) => a !== 0 || b !== 0),
  Equal: compare(
    "=",
    (a, b) => a === b,
    (x) => (x < 1 ? false : undefined),
  ),
  Less: compare("<", (a, b) => a < b),
  LessOrEqual: compare("≤", (a, b) => a <= b),
  Greater: compare(">", (a, b) => a > b),
  GreaterOrEqual: compare("≥", (a, b) => a >= b),
  Where: (call, inputs) =>
    each(call, inputs[1]?.type ?? "f32", inputs, (c, a, b) => (c === 0 ? (b ?? 0) : (a ?? 0))),

  Cast(call, inputs) {
    const x = first(inputs);
    call.int("saturate", 1);
    call.text("round_mode", "up");
    const type =
      (TYPES[call.int("to", 1) as keyof typeof TYPES] as ElementType | undefined) ??
      refuse("it casts to a type that is not known");
    call.spend(x.data.length);
    const whole = !isFloat(type) && type !== "bool";
    return known(
      type,
      x.shape,
      Array.from(x.data, (v) =>
        isNumber(v) ? stored(type, v) : whole ? v : refuse(`it makes ${type} of the size ${nameOf(v)}`),
      ),
    );
  },

  ReduceProd: reduce(18, 1, (a, b) => a * b),
  ReduceSum: reduce(13, 0, (a, b) => a + b),
  ReduceMax: reduce(18, Number.NEGATIVE_INFINITY, (a, b) => Math.max(a, b)),
  ReduceMin: reduce(18, Number.POSITIVE_INFINITY, (a, b) => Math.min(a, b)),
  ReduceMean: reduce(
    18,
    0,
    (a, b) => a + b,
    (sum, count) => sum / count,
  ),
};
