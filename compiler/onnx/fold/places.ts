/** What folds share: elements of small tensors by their places. */
import type { Call } from "../call.ts";
import { range } from "../rows/row.ts";
import { type Element, type ElementType, type Known, known, refuse, sizeOf } from "../value.ts";

/** The result, or results; undefined where it is as large as a run decides, so that its row makes it. */
export type Fold = (call: Call, inputs: readonly Known[]) => Known | readonly Known[] | undefined;
export type Folds = Readonly<Record<string, Fold>>;

/** What the type holds of a number. */
export function stored(type: ElementType, x: number): number {
  switch (type) {
    case "bool":
      return x === 0 ? 0 : 1;
    case "f32":
    case "f16":
    case "f64":
    case "bf16":
      return Math.fround(x);
    case "i32":
      return Math.trunc(x) | 0;
    case "u8":
      return Math.trunc(x) & 255;
    case "u32":
      return Math.trunc(x) >>> 0;
    default:
      return Math.trunc(x);
  }
}

/** Row-major places of a shape, broadcast into another: for each place of `to`, the place in `from`. */
export function placesIn(from: readonly number[], to: readonly number[]): (i: number) => number {
  if (sizeOf(from) === 1) return () => 0;
  const lead = to.length - from.length;
  let step = 1;
  const strides = to.map(() => 0);
  for (let d = from.length - 1; d >= 0; d--) {
    strides[d + lead] = from[d] === 1 ? 0 : step;
    step *= from[d] ?? 1;
  }
  return (i) => {
    let [place, rest] = [0, i];
    for (let d = to.length - 1; d >= 0; d--) {
      const size = to[d] ?? 1;
      place += (rest % size) * (strides[d] ?? 0);
      rest = Math.floor(rest / size);
    }
    return place;
  };
}

export function broadcast(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return range(0, rank).map((i) => {
    const sizes = shapes.map((s) => s[s.length - rank + i] ?? 1).filter((d) => d !== 1);
    const [first = 1] = sizes;
    return sizes.every((d) => d === first)
      ? first
      : refuse(`shapes ${shapes.map((s) => `[${s.join(", ")}]`).join(" and ")} do not broadcast`);
  });
}

/** Element by element, with broadcasting. */
export function each(
  call: Call,
  type: ElementType,
  inputs: readonly Known[],
  f: (...args: readonly Element[]) => Element,
): Known {
  const shape = broadcast(inputs.map((v) => v.shape));
  const count = sizeOf(shape);
  call.spend(count);
  const places = inputs.map((v) => placesIn(v.shape, shape));
  const data = Array.from({ length: count }, (_, i) =>
    f(...inputs.map((v, k) => v.data[places[k]?.(i) ?? 0] ?? 0)),
  );
  return known(type, shape, data);
}

export const isNumber = (x: Element): x is number => typeof x === "number";
export const nameOf = (x: Element): string => (typeof x === "object" ? x.name : `${x}`);

/** Elements of x at places of its own, for each place of a new shape. */
export function moved(
  call: Call,
  x: Known,
  shape: readonly number[],
  from: (at: readonly number[]) => readonly number[],
): Known {
  const count = sizeOf(shape);
  call.spend(count);
  const data = Array.from({ length: count }, (_, i): Element => {
    let rest = i;
    const at = shape.map(() => 0);
    for (let d = shape.length - 1; d >= 0; d--) {
      at[d] = rest % (shape[d] ?? 1);
      rest = Math.floor(rest / (shape[d] ?? 1));
    }
    return x.data[from(at).reduce((place, p, d) => place * (x.shape[d] ?? 1) + p, 0)] ?? 0;
  });
  return known(x.type, shape, data);
}

/** The elements of a new shape in row-major order, where a step along each of its axes is so many elements of `data`. */
export function walked(
  data: ArrayLike<Element>,
  shape: readonly number[],
  steps: readonly number[],
): ArrayLike<Element> {
  const count = sizeOf(shape);
  if (data instanceof Float32Array) {
    const made = new Float32Array(count);
    walk(shape, steps, (place, i) => {
      made[i] = data[place] ?? 0;
    });
    return made;
  }
  const made: Element[] = [];
  walk(shape, steps, (place) => made.push(data[place] ?? 0));
  return made;
}

function walk(
  shape: readonly number[],
  steps: readonly number[],
  visit: (place: number, i: number) => void,
): void {
  const at = shape.map(() => 0);
  const count = sizeOf(shape);
  let place = 0;
  for (let i = 0; i < count; i++) {
    visit(place, i);
    for (let d = shape.length - 1; d >= 0; d--) {
      const [last, step] = [(shape[d] ?? 1) - 1, steps[d] ?? 0];
      if (at[d] !== last) {
        at[d] = (at[d] ?? 0) + 1;
        place += step;
        break;
      }
      at[d] = 0;
      place -= last * step;
    }
  }
}

export const first = (inputs: readonly Known[]): Known => inputs[0] ?? refuse("it has no operand");

/** Axes by the attribute or the operand. */
export const axesOf = (call: Call, since: number): readonly number[] | undefined =>
  call.opset >= since ? call.numbers(1, "axes") : call.ints("axes");
