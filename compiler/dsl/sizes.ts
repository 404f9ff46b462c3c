/** The one gate of sizes: the shape of every input, parameter and op's result, the user's own ops included, passes it. */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim, Shape, TensorType } from "../../contract/type.ts";
import { UserError } from "../errors.ts";
import { isSize } from "../ir/type.ts";
import { show } from "../options.ts";

/**
 * Behind it no loop is empty, nothing is divided by a size of 0, and every index is exact.
 * Throws `UserError` for the first size that is none. `operands` are those of an op whose result it is.
 */
export function checkSizes(
  of: string,
  shape: readonly unknown[],
  operands?: readonly TensorType[],
): asserts shape is Shape {
  const at = shape.findIndex((d, i) => !isCount(d) && !isSize(d) && !(d === "N" && i === 0));
  if (at === -1) return;
  const size = shape[at];
  const shown = `[${shape.map((d) => (d === "N" || isSize(d) ? showDim(d) : show(d))).join(", ")}]`;
  const from = operands ? ` (operands ${operands.map((t) => showShape(t.shape)).join(" and ")})` : "";
  const large = Number(size) > Number.MAX_SAFE_INTEGER;
  throw new UserError({
    problem: `${of}: size ${at} of ${shown} is ${size === "N" ? size : show(size)}${from}`,
    rule: large
      ? "every size is below 2^53, up to which whole numbers are exact"
      : "every size is a whole number of at least 1; only the first may be N",
    fix: large
      ? "smaller sizes"
      : operands
        ? size === "N"
          ? "a leading dimension of size 1 less, or flatten or reshape before it"
          : "a shape() that gives at least 1, or other operands"
        : size === "N"
          ? "N as the first size, or a number"
          : showShape(shape.map(nearest)),
  });
}

const isCount = (d: unknown): d is number => typeof d === "number" && Number.isSafeInteger(d) && d >= 1;

/** The size that was probably meant. */
function nearest(d: unknown): Dim {
  if (d === "N" || isSize(d)) return d;
  const size = Math.max(1, Math.abs(Math.round(Number(d))));
  return isCount(size) ? size : 1;
}
