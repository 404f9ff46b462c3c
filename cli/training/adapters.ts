/** Files of adapters: what `weft train --lora` leaves, and how a model's weights become those with them. */
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type LoraOptions, lora } from "../../compiler/train/index.ts";
import { checkWeights, readSafetensors, type Weights } from "../../contract/weights.ts";
import { readMetadata } from "../../runtime/train.ts";
import { readBytes, shownPath } from "../files.ts";
import { saying } from "../weights.ts";

/** What a file's metadata call how its adapters are made. */
const KEY = "lora";

/** What is written of a training: all of its weights, or what changes in the file of adapters, with what these are. */
export function keptOf(
  graph: Graph,
  how: LoraOptions | undefined,
): { readonly notes: Readonly<Record<string, string>>; readonly kept: (weights: Weights) => Weights } {
  if (!how) return { notes: {}, kept: (weights) => weights };
  return { notes: { [KEY]: JSON.stringify(how) }, kept: lora(graph, how).adapters };
}

/** The model's weights with what a file's adapters have learnt. Throws `UserError` where it holds none, or not this model's. */
export async function mergedWith(path: string, graph: Graph, weights: Weights): Promise<Weights> {
  const bytes = await readBytes(path, "the adapters");
  const shown = shownPath(path);
  return saying(
    shown,
    graph.name,
    () => {
      const tensors = readSafetensors(bytes);
      const { graph: adapted, merged } = lora(graph, madeAs(readMetadata(bytes)[KEY], shown));
      const params = adapted.nodes.flatMap((node) => {
        if (node.kind !== "param" || (node.use !== "adapter" && node.use !== "statistic")) return [];
        const { dtype, shape } = node.type;
        return [{ name: node.origin.name, dtype, shape: shape.map(Number) }];
      });
      checkWeights(params, tensors);
      return merged({ ...weights, ...tensors });
    },
    "give the adapters that weft train --lora made of this model",
  );
}

/** Its values are looked at by `lora`. */
function madeAs(text: string | undefined, shown: string): LoraOptions {
  try {
    if (text !== undefined) return JSON.parse(text);
  } catch {}
  throw new UserError({
    problem: `${shown} is no file of adapters`,
    rule: `what weft train --lora writes says of what rank they are: "${KEY}" of its metadata`,
    fix: "--merge adapters.safetensors, and --from the weights that they were trained beside",
  });
}
