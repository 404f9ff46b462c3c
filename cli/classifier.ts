/** The kind of model that is measured on labelled examples: one input, a score for every class. */
import { UserError } from "../compiler/errors.ts";
import type { Graph } from "../compiler/ir/graph.ts";
import { showShape } from "../contract/shapes.ts";
import type { Dim } from "../contract/type.ts";
import { type Target, targetOf } from "../data/array.ts";

export interface Classifier {
  readonly input: Target;
  readonly classes: number;
}

/** Undefined where the model has other inputs or outputs. */
export function classifierIn({ inputs, outputs }: Graph): Classifier | undefined {
  const [input, ...moreInputs] = inputs;
  const [output, ...moreOutputs] = outputs;
  const [batch, classes, ...rest] = output?.node.type.shape ?? [];
  const others = moreInputs.length + moreOutputs.length + rest.length;
  if (!input || others > 0 || batch !== "N" || typeof classes !== "number") return undefined;
  return { input: targetOf({ name: input.name, ...input.node.type }), classes };
}

/** Throws `UserError` where the model has other inputs or outputs. */
export function classifierOf(graph: Graph): Classifier {
  const found = classifierIn(graph);
  if (found) return found;
  const { name, inputs, outputs } = graph;
  const shown = (list: readonly { name: string; node: { type: { shape: readonly Dim[] } } }[]): string =>
    list.map((each) => `${each.name} ${showShape(each.node.type.shape)}`).join(", ");
  throw new UserError({
    problem: `${name} has the inputs ${shown(inputs)} and the outputs ${shown(outputs)}`,
    rule: "labelled pictures need a model with one input and one output [N, classes]",
    fix: "a model that classifies, such as models/lenet.ts, or arrays: --input NAME=FILE.npy --target NAME=FILE.npy",
  });
}
