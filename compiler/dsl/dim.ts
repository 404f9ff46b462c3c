/** Sizes that a run decides, besides the batch. */
import { UserError } from "../errors.ts";
import { sizeOf } from "../ir/type.ts";
import { noMore, positive, show, takes } from "../options.ts";
import { here, located } from "./build.ts";
import type { Size } from "./types/shape.ts";

/** Options of `dim`. */
export interface DimOptions<Max extends number = number> {
  /** The most that the size can be: buffers have room for it. */
  readonly max: Max;
}

const readOptions = takes("dim", { max: positive });

/**
 * A size that a run decides: `const T = dim("T", { max: 512 })`, then `input("tokens", [N, T, 64])`. One compiled model serves
 * every T from 1 to 512, read off the shapes of its inputs. Sums and means over T take T elements, and a larger bound costs
 * memory alone. Two of the same name and bound are the same size.
 *
 * Throws `UserError` for a name that is no word or "N", and unless `max` is a whole number of at least 1.
 */
export function dim<const Name extends string, const Max extends number>(
  name: Name,
  options: DimOptions<Max>,
): Size<Name, Max>;
export function dim(...args: readonly unknown[]): unknown {
  return located("", here(), () => {
    noMore("dim", args, 2);
    const [name, options] = args;
    if (typeof name !== "string" || !/^[A-Za-z]\w*$/.test(name) || name === "N") {
      throw new UserError({
        problem: `dim: the name is ${show(name)}`,
        rule: "a size is called by a word of letters, digits and _; N is the batch",
        fix: 'dim("T", { max: 512 })',
      });
    }
    return sizeOf(name, readOptions(options).max);
  });
}
