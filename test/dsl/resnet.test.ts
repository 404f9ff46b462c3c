import { expect, test } from "vitest";
import { isTrained } from "../../compiler/ir/graph.ts";
import resnet50 from "../types/programs/resnet50.ts";

test("ResNet-50 has the field's number of layers and parameters", () => {
  const { nodes } = resnet50.graph;
  const ops = nodes.filter((n) => n.kind === "op");
  const count = (op: string): number => ops.filter((n) => n.op.name === op).length;
  expect({ conv2d: count("conv2d"), add: count("add"), linear: count("linear") }).toEqual({
    conv2d: 53,
    add: 16,
    linear: 1,
  });
  const sizes = nodes.filter(isTrained).map((n) => n.type.shape.reduce<number>((a, d) => a * Number(d), 1));
  expect(sizes.reduce((a, b) => a + b)).toBe(25_557_032);
  expect(new Set(nodes.map((n) => n.origin.name)).size).toBe(nodes.length);
});
