/** Ops that read more tensors than a kernel may: the smallest operands are put into one tensor, from which they are read. */
import { MOST_READS } from "../../contract/limits.ts";
import type { Dim } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { Node, OpNode } from "../ir/graph.ts";
import { elements, isBatch, isKnown } from "../ir/type.ts";
import { add, constant, rowMajor } from "../math/affine.ts";
import { mapReads } from "../math/build.ts";
import { derivedNode, opNode, suffixed } from "../ops/derived.ts";
import { ops } from "../ops/index.ts";

/** Where an operand lies: in which tensor, and from which element on. */
interface Berth {
  readonly pack: Node;
  readonly offset: number;
}

/** The op over packed operands; undefined where it reads few enough. */
export function packed(node: OpNode): Node | undefined {
  const operands = [...new Set(node.inputs)].filter((n) => n.kind !== "const" && n.kind !== "scalar");
  let reads = operands.length;
  if (reads <= MOST_READS || node.op === ops.concat) return undefined;
  const berths = new Map<Node, Berth>();
  for (const batched of [false, true]) {
    const fit = operands.filter(
      (n) => n.type.dtype === "f32" && n.type.shape.includes("N") === batched && n.type.shape.every(plain),
    );
    const group = fit.toSorted((a, b) => sizeOf(a) - sizeOf(b)).slice(0, reads - MOST_READS + 1);
    if (reads <= MOST_READS || group.length < 2) continue;
    const pack = packOf(node, group, batched);
    let offset = 0;
    for (const operand of group) {
      berths.set(operand, { pack, offset });
      offset += sizeOf(operand);
    }
    reads -= group.length - 1;
  }
  if (berths.size === 0) return undefined;
  const value = derivedNode(node.op.name, node.type, node.origin, (context) =>
    mapReads(node.op.define(node.attrs, { ...context, inputs: node.inputs }), (load) => {
      const berth = berths.get(load.from);
      return berth ? { from: berth.pack, index: placeIn(berth, load.from, load.index) } : load;
    }),
  );
  const types = node.inputs.map((n) => n.type);
  const summary = node.op.summary(node.attrs, types, node.type);
  return { ...value, op: { ...value.op, summary: () => summary } };
}

const plain = (dim: Dim): boolean => isBatch(dim) || isKnown(dim);

/** Elements, of one example where they are per example. */
function sizeOf({ type }: Node): number {
  const { fixed, perBatch } = elements(type.shape);
  return fixed + perBatch;
}

/** All of some tensors one after the other, for each example where they are per example. */
function packOf(node: OpNode, group: readonly Node[], batched: boolean): Node {
  const rows = group.map((operand) => {
    const shape = batched ? ["N" as const, sizeOf(operand)] : [sizeOf(operand)];
    return opNode(ops.reshape, { shape }, [operand], suffixed(node.origin, `row.${operand.origin.name}`));
  });
  const origin = suffixed(node.origin, batched ? "examples" : "operands");
  return opNode(ops.concat, { axis: batched ? 1 : 0 }, rows, origin);
}

function placeIn({ offset }: Berth, operand: Node, index: readonly Index[]): readonly Index[] {
  const { shape } = operand.type;
  if (!shape.includes("N")) return [add(rowMajor(index, shape), offset)];
  const [n, ...rest] = index;
  return [must(n, "batch index"), add(rowMajor([constant(0), ...rest], shape), offset)];
}
