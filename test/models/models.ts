/** The published models of models/, and what is known about them. */

import { input, model, N } from "weftgpu";
import type { Graph } from "../../compiler/ir/graph.ts";
import mobilenetv2Model, { mobilenetv2 } from "../../models/mobilenetv2.ts";
import resnet18Model, { resnet18 } from "../../models/resnet18.ts";

export interface Subject {
  readonly name: string;
  readonly graph: Graph;
  /** Trainable parameters, as torchvision's documentation gives them. */
  readonly parameters: number;
  /** Multiply-adds of a picture of 224×224, in millions, as published (rounded). */
  readonly megaMacs: number;
  /** The same layers on a picture so small that a software adapter computes it in about a second. */
  small(): Graph;
}

const picture = input("image", [N, 3, 32, 32]);

export const subjects: readonly Subject[] = [
  {
    name: "resnet18",
    graph: resnet18Model.graph,
    parameters: 11_689_512,
    megaMacs: 1814,
    small: () => model("small", { picture }, { logits: resnet18(picture) }).graph,
  },
  {
    name: "mobilenetv2",
    graph: mobilenetv2Model.graph,
    parameters: 3_504_872,
    megaMacs: 301,
    small: () => model("small", { picture }, { logits: mobilenetv2(picture) }).graph,
  },
];

/** The number of trainable values; running statistics are none. */
export function parametersOf({ nodes }: Graph): number {
  const trainable = nodes.filter((n) => n.kind === "param" && !n.origin.name.includes(".running_"));
  return trainable.reduce((sum, n) => sum + n.type.shape.reduce<number>((a, d) => a * Number(d), 1), 0);
}
