/** The model's input as a picture. Pure. */
import type { Graph } from "../../../compiler/ir/graph.ts";
import { targetOf } from "../../../data/array.ts";
import { type Frame, frameOf } from "../../../data/frame.ts";

export interface PictureInput {
  /** The input's name. */
  readonly name: string;
  readonly frame: Frame;
}

/** The model's one input as a picture, if it can be one. */
export function pictureInput({ inputs }: Graph): PictureInput | undefined {
  const [input] = inputs;
  const frame =
    input?.node.type.dtype === "f32" && inputs.length === 1
      ? frameOf(targetOf({ name: input.name, ...input.node.type }))
      : undefined;
  return input && frame && { name: input.name, frame };
}
