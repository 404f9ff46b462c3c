/** Remarks on a model and its loss: a last layer that does what the loss does too, or that gives less than targets are. */
import type { LossName } from "../../contract/training.ts";
import type { Graph, LossRequest, Node, OpDef, OpNode } from "../ir/graph.ts";
import { pointwise } from "../ops/pointwise.ts";
import { reductions } from "../ops/reduce.ts";
import { shape as views } from "../ops/shape.ts";
import { type Remark, remarkOn, remarksOn } from "../passes/remarks.ts";

/** What a loss says of the op that an output comes from. */
interface Advice {
  readonly losses: readonly LossName[];
  readonly of: (node: OpNode) => boolean;
  readonly rule: string;
  readonly fix: string;
}

const oneOf =
  (...ops: readonly OpDef[]) =>
  ({ op }: OpNode): boolean =>
    ops.includes(op);
const isNumber = (node: Node | undefined): boolean => node?.kind === "const";

const { softmax, logSoftmax } = reductions;
const { sigmoid, hardSigmoid, relu, relu6, max, min, clip } = pointwise;
/** What cuts off: its slope is 0 where it does. */
const cutsOff = (node: OpNode): boolean =>
  oneOf(relu, relu6, clip)(node) || (oneOf(max, min)(node) && node.inputs.some(isNumber));
const before = "the layer before it as the output, and this one where the model is used";

/** Losses of numbers that are compared one by one. */
const comparing: readonly LossName[] = ["squaredError", "absoluteError", "huber"];

const advice: readonly Advice[] = [
  {
    losses: ["crossEntropy"],
    of: oneOf(softmax, logSoftmax),
    rule: "crossEntropy takes logits: it has the softmax in it, and a second one flattens its gradients",
    fix: before,
  },
  {
    losses: ["crossEntropy"],
    of: (node) => oneOf(sigmoid, hardSigmoid)(node) || cutsOff(node),
    rule: "crossEntropy takes logits of any size and sign, and this layer bounds them",
    fix: before,
  },
  {
    losses: ["binaryCrossEntropy"],
    of: (node) => oneOf(sigmoid, hardSigmoid, softmax, logSoftmax)(node) || cutsOff(node),
    rule: "binaryCrossEntropy takes logits: it has the sigmoid in it, and 0 … 1 as a logit never says no",
    fix: before,
  },
  {
    losses: comparing,
    of: oneOf(softmax, logSoftmax),
    rule: "the outputs of a softmax hang together, while this loss compares each number with a target of its own",
    fix: "a loss of crossEntropy for classes, without this layer; for numbers, the layer before it as the output",
  },
  {
    losses: comparing,
    of: cutsOff,
    rule: "an output beyond a bound cannot be reached, and has no gradient that would bring it back",
    fix: "the layer before it as the output",
  },
];

/** Ops that only move elements, and dropout, which is the identity where a model is used. */
const seenThrough: ReadonlySet<unknown> = new Set([
  views.flatten,
  views.reshape,
  views.transpose,
  pointwise.dropout,
]);

function origin(node: Node): Node {
  const [x] = node.kind === "op" && seenThrough.has(node.op) ? node.inputs : [];
  return x ? origin(x) : node;
}

/** Of the model's own, and of what its losses make of its outputs. */
export function trainingRemarks(model: Graph, losses: readonly LossRequest[]): readonly Remark[] {
  const of = losses.flatMap(({ output, loss }) => {
    const found = model.outputs.find((o) => output === undefined || o.name === output);
    if (!found || typeof loss === "function") return [];
    const last = origin(found.node);
    const said =
      last.kind === "op" ? advice.find((a) => a.losses.includes(loss.kind) && a.of(last)) : undefined;
    if (!said || last.kind !== "op") return [];
    const problem = `the output ${found.name} comes from ${last.op.name}, and is trained with ${loss.kind}`;
    return [remarkOn(last, { problem, rule: said.rule, fix: said.fix })];
  });
  return [...remarksOn(model), ...of];
}
