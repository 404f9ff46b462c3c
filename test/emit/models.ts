/** Programs that the tests of emitting share. */
import { type Compilation, compile } from "../../compiler/compile.ts";
import { avgPool2d, conv2d, flatten, input, linear, model, N, sigmoid } from "../../compiler/dsl/index.ts";
import { type Graph, mapGraph } from "../../compiler/ir/graph.ts";
import lenetModel from "../../models/lenet.ts";

export const lenet: Compilation = compile(lenetModel.graph);

/** A small model: one convolution block and a dense layer. */
export function small(name = "small"): Graph {
  const image = input("image", [N, 1, 8, 8]);
  const pooled = avgPool2d(sigmoid(conv2d(image, { out: 4, kernel: 3, padding: 1 })), { kernel: 2 });
  return model(name, { image }, { scores: linear(flatten(pooled), { out: 3 }) }).graph;
}

/** Everything that could end a string, a comment, a script or a folder. */
export const NASTY = `x"'\`\${alert(1)}\\ \n\r\u2028\u0085 */ // </script><!-- ../../up \u202e é 名 \0`;

/** The small model with a nasty name for the model and everything in it. */
export function hostile(): Graph {
  const graph = small(NASTY);
  const renamed = mapGraph(graph, (node) => ({
    ...node,
    origin: {
      ...node.origin,
      name: `${NASTY}${node.origin.name}`,
      at: { file: `../${NASTY}.ts`, line: 1, column: 1 },
    },
  }));
  const nasty = (list: Graph["inputs"]): Graph["inputs"] => list.map((o) => ({ ...o, name: NASTY + o.name }));
  return { ...renamed, inputs: nasty(renamed.inputs), outputs: nasty(renamed.outputs) };
}
