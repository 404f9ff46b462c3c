/** The graph as text, a line per node: `conv1: [N, 6, 28, 28] = conv2d(image; 6 · 5×5, padding 2)`. */
import type { Init } from "../../contract/program.ts";
import { showShape } from "../../contract/shapes.ts";
import { formatLocation } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { plain } from "./layout.ts";

export function graphText(graph: Graph): string {
  const lines = graph.nodes.map((node): readonly [string, string] => [nodeText(node), place(node)]);
  const width = Math.max(0, ...lines.filter(([, at]) => at !== "").map(([text]) => [...text].length));
  const body = lines.map(([text, at]) =>
    at === "" ? text : `${text.padEnd(width + text.length - [...text].length)}  // ${at}`,
  );
  const outputs = graph.outputs.map((o) =>
    plain(o.name === o.node.origin.name ? o.name : `${o.name} = ${o.node.origin.name}`),
  );
  return [
    `model ${plain(graph.name)}`,
    ...body.map((line) => `  ${line}`),
    `outputs ${outputs.join(", ")}`,
    "",
  ].join("\n");
}

function nodeText(node: Node): string {
  const head = `${plain(node.origin.name)}: ${showShape(node.type.shape)}`;
  switch (node.kind) {
    case "input":
      return `input ${head}`;
    case "param":
      return `param ${head} ~ ${initText(node.init)}`;
    case "scalar":
      return `scalar ${head}`;
    case "const":
      return `const ${head} = ${node.value}`;
    case "op": {
      const { options } = node.op.summary(
        node.attrs,
        node.inputs.map((i) => i.type),
        node.type,
      );
      const operands = node.inputs
        .map((i) => (i.kind === "const" ? `${i.value}` : plain(i.origin.name)))
        .join(", ");
      return `${head} = ${node.op.name}(${operands}${options === "" ? "" : `; ${options}`})`;
    }
  }
}

function place(node: Node): string {
  return node.kind !== "param" && node.origin.at ? formatLocation(node.origin.at) : "";
}

export function initText(init: Init): string {
  switch (init.kind) {
    case "zeros":
    case "ones":
      return init.kind;
    case "constant":
      return `${init.value}`;
    case "data":
      return "constant";
    case "given":
      return "of the weights";
    case "uniform":
      return `uniform(${init.low}, ${init.high})`;
    case "kaimingUniform":
    case "kaimingNormal":
      return `${init.kind}(fan in ${init.fanIn})`;
    case "xavierUniform":
    case "xavierNormal":
      return `${init.kind}(fans ${init.fanIn}, ${init.fanOut})`;
  }
}
