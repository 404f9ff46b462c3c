/** Addresses of tensor elements. */

import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Storages } from "../ir/storage.ts";
import { rowMajor } from "./affine.ts";

/** Where an element lies: row-major over the tensor's axes, in the order of its layout. */
export function address(tensor: Node, index: readonly Index[], storages: Storages): Index {
  const { shape } = tensor.type;
  const order = storages.get(tensor)?.order;
  if (order === undefined) return rowMajor(index, shape);
  return rowMajor(
    order.map((d) => must(index[d], "index")),
    order.map((d) => must(shape[d], "dimension")),
  );
}
