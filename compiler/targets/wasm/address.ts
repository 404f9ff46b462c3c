/** Where a load or a store goes, taken apart: what is the same for neighbours, and how far apart they are. */
import type { Memory, Value } from "../../ir/value.ts";

/** A number of an array: number `scale · at + offset` of it; `at` is absent where the place is known. */
export interface Place {
  readonly memory: Memory;
  readonly at: Value | undefined;
  /** Numbers from one `at` to the next: how many an element has. */
  readonly scale: number;
  readonly offset: number;
}

/** A value without what is added to it, and that. */
function withoutConstant(v: Value): { readonly rest: Value | undefined; readonly constant: number } {
  if (v.kind === "literal") return { rest: undefined, constant: v.value };
  if (v.kind === "binary" && (v.op === "+" || v.op === "-") && v.right.kind === "literal")
    return { rest: v.left, constant: v.op === "+" ? v.right.value : -v.right.value };
  return { rest: v, constant: 0 };
}

/** The place of an element's component. */
export function placeOf(memory: Memory, at: Value, lane = 0): Place {
  const { width } = memory.type;
  const { rest, constant } = withoutConstant(at);
  return { memory, at: rest, scale: width, offset: width * constant + lane };
}

/** The place of a single number that is loaded; undefined for other values. */
export function loadedPlace(v: Value): Place | undefined {
  if (v.kind === "load" && v.type.width === 1) return placeOf(v.from, v.at);
  if (v.kind === "component" && v.of.kind === "load") return placeOf(v.of.from, v.of.at, v.lane);
  return undefined;
}

/** Whether places follow each other. */
export function areNeighbours([first, ...others]: readonly Place[]): boolean {
  return (
    first !== undefined &&
    others.every(
      (p, i) =>
        p.memory === first.memory &&
        p.at === first.at &&
        p.scale === first.scale &&
        p.offset === first.offset + i + 1,
    )
  );
}
