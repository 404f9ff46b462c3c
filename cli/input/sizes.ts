/** Sizes besides N, read off the arrays that an input is given. */
import { UserError } from "../../compiler/errors.ts";
import { showShape } from "../../contract/shapes.ts";
import { knownSizes, type SizeValues } from "../../contract/sizes.ts";
import type { Size } from "../../contract/type.ts";
import type { Input, NumberArray } from "../../data/array.ts";

/**
 * What sizes are after an array: those known before, and those that it says. Its axes are all of the input's, or all but
 * that of the examples.
 * @throws UserError where it has another number of axes, is larger than a bound, or disagrees with what is known
 */
export function sizesWith(
  known: SizeValues,
  { name, shape }: Input,
  { shape: own }: NumberArray,
  source: string,
): SizeValues {
  const open = shape.filter((d): d is Size => typeof d === "object");
  if (open.length === 0) return known;
  const left = shape.length - own.length;
  if (left !== 0 && !(left === 1 && shape[0] === "N"))
    throw new UserError({
      problem: `${source} has shape ${showShape(own)}, but the input ${name} is ${showShape(shape)}`,
      rule: `an array says by its axes what ${open.map((d) => d.name).join(" and ")} is: ${axes(shape.length)}${shape[0] === "N" ? ", the first of which may be left out" : ""}`,
      fix: "reshape the array before you save it",
    });
  const sizes = knownSizes(known);
  for (const [axis, dim] of shape.entries()) {
    if (typeof dim !== "object") continue;
    const value = own[axis - left] ?? 0;
    const before = sizes[dim.name];
    if (value > dim.max)
      throw new UserError({
        problem: `${source} has shape ${showShape(own)}: ${value} for ${dim.name}, but the input ${name} is ${showShape(shape)} with ${dim.name} up to ${dim.max}`,
        rule: "a model has memory for the bounds of its sizes, and no more",
        fix: `a part of it; or dim("${dim.name}", { max: ${value} }) in the model`,
      });
    if (before !== undefined && before !== value)
      throw new UserError({
        problem: `${source} has ${value} for ${dim.name}, but what was read before it ${before}`,
        rule: `in a run ${dim.name} is the same for every example and every input`,
        fix: `a run for each ${dim.name}: one model serves all up to ${dim.max}`,
      });
    sizes[dim.name] = value;
  }
  return sizes;
}

const axes = (count: number): string => (count === 1 ? "it has one" : `it has ${count}`);
