/** A model that gives the terms of its losses beside its outputs: what is measured of examples, without training. */
import type { TrainedLoss } from "../../contract/training.ts";
import { type Graph, type Node, type Output, topologicalOrder } from "../ir/graph.ts";
import type { Remark } from "../passes/remarks.ts";
import { type Aim, aimsOf } from "./losses.ts";
import { FreeNames } from "./names.ts";
import { trainingRemarks } from "./remarks.ts";
import { lossesOf, type TrainingOptions } from "./step.ts";

/** Where a loss is found among the outputs. */
export interface MeasuredLoss {
  readonly said: TrainedLoss;
  /** The output that it compares; absent: it is a loss of the author's. */
  readonly output?: string;
  /** The output that is its terms. */
  readonly terms: string;
  /** The output that is what each term counts in the mean; absent: they count the same. */
  readonly counts?: string;
}

export interface Measured {
  /** Its inputs are the model's and then the targets; its outputs the model's and then those of the losses. */
  readonly graph: Graph;
  readonly losses: readonly MeasuredLoss[];
  /** On what is probably not what was meant. */
  readonly remarks: readonly Remark[];
}

/** Throws `UserError` where a loss does not fit the model. */
export function measuredGraph(model: Graph, choice: Pick<TrainingOptions, "loss" | "losses">): Measured {
  const free = new FreeNames(model);
  const asked = lossesOf(model, choice);
  const { aims, targets } = aimsOf(model, asked, free);
  for (const { name } of model.outputs) free.take(name);
  const outputs: Output[] = [...model.outputs];
  const put = (wanted: string, node: Node): string => {
    const name = free.take(wanted);
    outputs.push({ name, node });
    return name;
  };
  const losses = aims.map(({ said, of, each, counts }: Aim): MeasuredLoss => {
    const output = of && model.outputs.find(({ node }) => node === of)?.name;
    return {
      said,
      ...(output !== undefined && { output }),
      terms: put(`${said.name}.terms`, each),
      ...(counts.kind !== "const" && { counts: put(`${said.name}.counts`, counts) }),
    };
  });
  const inputs = [...model.inputs, ...targets.map((node) => ({ name: node.origin.name, node }))];
  const nodes = topologicalOrder(outputs.map(({ node }) => node));
  return { graph: { ...model, inputs, outputs, nodes }, losses, remarks: trainingRemarks(model, asked) };
}
