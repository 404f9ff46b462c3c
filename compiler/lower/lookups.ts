/** The numbers that an index looks up, in an order that a kernel's text can follow. */
import type { Index, Lookup } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import { lookupsOf, rowMajor } from "../math/affine.ts";

/**
 * By the tensors that hold them, then by place. An index has its terms in the order in which they were made, and a place
 * that is a constant may have been made before its kernel, by whatever was compiled then.
 */
export function lookupsInOrder(index: Index, tensors: readonly Node[]): readonly Lookup[] {
  const placed = lookupsOf(index).map((looked) => {
    const { terms, constant } = rowMajor(looked.index, looked.from.type.shape);
    const place = terms.length === 0 ? constant : Number.MAX_SAFE_INTEGER;
    return { looked, tensor: tensors.indexOf(looked.from), place };
  });
  return placed.sort((a, b) => a.tensor - b.tensor || a.place - b.place).map((p) => p.looked);
}
