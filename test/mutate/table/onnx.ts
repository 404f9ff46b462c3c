/** Mutations of the import of ONNX files: what is read, what it becomes, what is refused. */
import { guard, inFile, type Mutation } from "../mutation.ts";

const operators = guard("onnx/operators");
const whole = guard("onnx/whole");
const hostile = guard("hostile/onnx");
const blocks = guard("onnx/blocks");

export const onnx: readonly Mutation[] = [
  ...inFile("compiler/onnx/call.ts", [
    {
      name: "onnx: an attribute that a writer left out as 0 is its default",
      find: "return attribute ? (attribute.i ?? 0) : absent;",
      put: "return attribute?.i ?? absent;",
      guards: [operators],
      why: "keepdims = 0 keeps the axes",
    },
  ]),
  ...inFile("compiler/onnx/evaluate.ts", [
    {
      name: "onnx: what is computed of weights is a constant",
      find: 'const isTrained = inputs.some((v) => v?.kind === "known" && v.isTrained === true);',
      put: "const isTrained = false as boolean;",
      guards: [whole],
      why: "a weight that the file reshapes does not train",
    },
  ]),
  ...inFile("compiler/onnx/export/index.ts", [
    {
      name: "onnx: constants go out as weights",
      find: '(node.kind === "param" && node.use === "constant")',
      put: '(node.kind === "param" && (false as boolean))',
      guards: [guard("onnx/export")],
      why: "a mask that comes in again trains",
    },
  ]),
  ...inFile("compiler/onnx/export/stored.ts", [
    {
      name: "onnx: a block of weights goes over the end of its row",
      find: "numbers.subarray(from, Math.min(from + BLOCK, row + columns))",
      put: "numbers.subarray(from, from + BLOCK)",
      guards: [guard("onnx/export")],
      why: "weights have the scale of another row",
    },
  ]),
  ...inFile("compiler/onnx/blocks/windows.ts", [
    {
      name: "blocks: what is read behind a block stays in it",
      find: "if (until >= start + length || !rowAt",
      put: "if (!rowAt",
      guards: [blocks],
      why: "a line of the module reads what only the function has",
    },
    {
      name: "blocks: reads of other lines are alike",
      find: "(from >= start ? ` ${from - start}.${result}` : ` ${kind}`)",
      put: "(from >= start ? ` ${result}` : ` ${kind}`)",
      guards: [blocks],
      why: "a shortcut that goes around one layer is one that goes around two",
    },
    {
      name: "blocks: an output may lie within",
      find: "resultsOf(line, bodies).some((ref) => kept.has(ref)) ? lines.length : -1,",
      put: "-1,",
      guards: [blocks],
      why: "the model gives what is in no variable",
    },
  ]),
  ...inFile("compiler/onnx/naming.ts", [
    {
      name: "naming: a layer that no variable holds may have a variable's name",
      find: "while (taken.has(name));",
      put: 'while (name === "");',
      guards: [blocks],
      why: "two tensors of a function have one name, and one set of weights",
    },
  ]),
  ...inFile("compiler/onnx/numbers.ts", [
    {
      name: "onnx: a file beside the model may lie above it",
      find: 'parts.includes("..")',
      put: "false",
      guards: [hostile],
      why: "data of any file that the process can read become weights",
    },
  ]),
  ...inFile("compiler/onnx/rows/turned.ts", [
    {
      name: "onnx: an order of axes is forgotten",
      find: "return { ...tensor, shape, order };",
      put: "return tensor;",
      guards: [whole],
      why: "queries, keys and values are cut along another axis",
    },
  ]),
  ...inFile("compiler/onnx/index.ts", [
    {
      name: "onnx: no bound for what is made at import",
      find: "if (!(left >= 0))",
      put: "if (false as boolean)",
      guards: [hostile],
      why: "a file of a kilobyte fills the memory",
    },
  ]),
  ...inFile("compiler/onnx/rows/gelu.ts", [
    {
      name: "onnx: gelu of any factor",
      find: "    0.5,\n",
      put: "    numbers.reduce((product, number) => product * number, 1),\n",
      guards: [whole],
      why: "a product by another number than a half is taken for gelu",
    },
  ]),
  ...inFile("compiler/onnx/rows/bias.ts", [
    {
      name: "onnx: a bias beside what something else reads",
      find: "layer.order || !call.isOnlyReader(i)",
      put: "layer.order",
      guards: [whole],
      why: "the layer is computed twice, with and without its bias",
    },
  ]),
];
