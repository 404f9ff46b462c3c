/**
 * Remarks on a model that compiles and is probably not what was meant: a message with a fix each. Found in the graph, by
 * which op a node has and where its operands come from; names decide nothing.
 */
import type { Diagnosis } from "../../contract/diagnosis.ts";
import { showShape } from "../../contract/shapes.ts";
import type { Shape } from "../../contract/type.ts";
import type { Graph, Node, OpNode } from "../ir/graph.ts";
import { batchNorms } from "../ops/batchNorm.ts";
import { contract } from "../ops/contract.ts";
import { convolution } from "../ops/convolution.ts";
import { transposed } from "../ops/convTranspose.ts";
import { localNorms } from "../ops/localNorm.ts";
import { norm } from "../ops/norm.ts";
import { pointwise } from "../ops/pointwise.ts";
import { resizing } from "../ops/resize.ts";
import { shape as views } from "../ops/shape.ts";
import { slices } from "../ops/slice.ts";
import { window } from "../ops/window.ts";

/** A message about a layer: the problem, the rule and what to try. */
export type Remark = Diagnosis;

/** A remark on a layer, with its name and place. */
export function remarkOn(node: Node, text: Pick<Diagnosis, "problem" | "rule" | "fix">): Remark {
  const { name, at } = node.origin;
  return { layer: name, ...(at ? { at } : {}), ...text };
}

export function remarksOn(graph: Graph): readonly Remark[] {
  const pictures = picturesOf(graph);
  return graph.nodes.flatMap((node) => (node.kind === "op" ? (unflattened(node, pictures) ?? []) : []));
}

/** A dense layer that works along the width of pictures, where it was to work on all of their features. */
function unflattened(node: OpNode, pictures: ReadonlySet<Node>): Remark | undefined {
  const [x] = node.inputs;
  if (node.op !== contract.linear || !x || !(pictures.has(x) || isSingle(x.type.shape))) return undefined;
  const { shape } = x.type;
  const [batch, channels, height, width] = shape as readonly [Shape[number], number, number, number]; // only N is no number
  const out = node.type.shape.at(-1);
  return remarkOn(node, {
    problem: `linear gets ${showShape(shape)} and makes ${showShape(node.type.shape)} of it`,
    rule: `linear works along the last dimension, here the width of a picture: ${width} → ${out}`,
    fix:
      `flatten(x) before it: ${channels * height * width} → ${out}, which gives ${showShape([batch, out ?? 0])}` +
      (height * width > 1
        ? "; or transpose(x, [0, 2, 3, 1]), for a layer on the channels of each position"
        : ""),
  });
}

/** Ops that keep the axes of their first operand what they are. */
const onPictures: ReadonlySet<unknown> = new Set([
  convolution.conv2d,
  ...Object.values(window),
  ...Object.values(transposed),
  ...Object.values(batchNorms),
  norm.groupNorm,
  norm.instanceNorm,
  localNorms.localResponseNorm,
  resizing.resize,
  views.pad,
  views.concat,
  slices.slice,
  ...Object.values(pointwise),
]);

/** The tensors that are [N, C, H, W]: from an input of that form through ops that leave it so. */
function picturesOf({ nodes }: Graph): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of nodes) {
    if (node.type.shape.length !== 4) continue;
    const is = node.kind === "op" && onPictures.has(node.op) && node.inputs.some((i) => found.has(i));
    if (is || node.kind === "input") found.add(node);
  }
  return found;
}

/** [N, C, 1, 1], wherever it comes from: what is left of pictures that were averaged whole. */
const isSingle = (shape: Shape): boolean =>
  shape.length === 4 && shape[1] !== 1 && shape[2] === 1 && shape[3] === 1;
