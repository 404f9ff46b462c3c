/** The model's input as a picture. Pure. */
import type { Graph } from "../../../compiler/ir/graph.ts";
import { showShape } from "../../../contract/shapes.ts";
import { targetOf } from "../../../data/array.ts";
import { type Frame, frameOf } from "../../../data/frame.ts";

export interface PictureInput {
  /** The input's name. */
  readonly name: string;
  readonly frame: Frame;
}

/** The model's one input as a picture; else the inputs it has, in words. */
export function pictureInput({ inputs }: Graph): PictureInput | { readonly other: string } {
  const [input] = inputs;
  const frame =
    input?.node.type.dtype === "f32" && inputs.length === 1
      ? frameOf(targetOf({ name: input.name, ...input.node.type }))
      : undefined;
  if (input && frame) return { name: input.name, frame };
  return { other: inputs.map((i) => `${i.name} ${showShape(i.node.type.shape)}`).join(", ") };
}
