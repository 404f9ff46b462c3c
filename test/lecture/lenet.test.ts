/** LeNet: its table of shapes, and what one element of each layer sees. */
import { afterAll, describe, expect, test } from "vitest";
import { model } from "weftgpu";
import { tensorOf } from "../../compiler/dsl/tensor.ts";
import { must } from "../../compiler/errors.ts";
import type { Graph, OpNode } from "../../compiler/ir/graph.ts";
import { receptiveFields } from "../../compiler/report/receptive.ts";
import { lectureText } from "../../compiler/report/render.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { ndarray, zeros } from "../oracle/array.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

const layers: readonly OpNode[] = lenet.graph.nodes.filter((n) => n.kind === "op");

/** LeNet with the results of all its layers as outputs: `layer1` to `layer12`. */
function allLayers(): Graph {
  const outputs = layers.map((node, i) => [`layer${i + 1}`, tensorOf(node)] as const);
  const image = tensorOf(must(lenet.graph.inputs[0], "input").node);
  return model("layers", { image }, Object.fromEntries(outputs)).graph;
}

const table = [
  "Conv2d output shape: [1, 6, 28, 28]",
  "Sigmoid output shape: [1, 6, 28, 28]",
  "AvgPool2d output shape: [1, 6, 14, 14]",
  "Conv2d output shape: [1, 16, 10, 10]",
  "Sigmoid output shape: [1, 16, 10, 10]",
  "AvgPool2d output shape: [1, 16, 5, 5]",
  "Flatten output shape: [1, 400]",
  "Linear output shape: [1, 120]",
  "Sigmoid output shape: [1, 120]",
  "Linear output shape: [1, 84]",
  "Sigmoid output shape: [1, 84]",
  "Linear output shape: [1, 10]",
];

describe("the table of shapes", () => {
  test("has the lecture's twelve rows", () => {
    expect(lectureText(lenet.graph).trimEnd().split("\n")).toEqual(table);
  });

  test("is what the adapter computes, layer by layer", async () => {
    const graph = allLayers();
    const { inputs, params } = dataFor(graph, 1, 1);
    const results = await runWeft(graph, inputs, params);
    const shapes = layers.map((_, i) => `[${results[`layer${i + 1}`]?.shape.join(", ")}]`);
    expect(shapes).toEqual(table.map((row) => row.slice(row.indexOf("["))));
  });
});

/**
 * A layer with kernel k and stride s on top of one that sees r pixels at distances of j sees r + (k − 1)·j pixels at
 * distances of j·s. Padding 2 moves the first window to −2.
 */
const fields = [
  { layer: "first convolution: 5", at: 1, size: 5, stride: 1, offset: -2 },
  { layer: "first pooling: 5 + 1·1", at: 3, size: 6, stride: 2, offset: -2 },
  { layer: "second convolution: 6 + 4·2", at: 4, size: 14, stride: 2, offset: -2 },
  { layer: "second pooling: 14 + 1·2", at: 6, size: 16, stride: 4, offset: -2 },
] as const;

describe("receptive fields", () => {
  test.each(fields)("$layer = $size", ({ at, size, stride, offset }) => {
    const field = receptiveFields(lenet.graph).get(must(layers[at - 1], "layer"));
    expect(field).toMatchObject({
      size: [size, size],
      stride: [stride, stride],
      offset: [offset, offset],
    });
  });

  test("the dense layers see the whole picture", () => {
    for (const at of [8, 10, 12])
      expect(receptiveFields(lenet.graph).get(must(layers[at - 1], "layer"))).toMatchObject({
        size: [28, 28],
      });
  });

  test("are what one changed pixel changes, on the adapter", async () => {
    // Picture 0 is black; picture x + 1 has one bright pixel in row 14, column x.
    const graph = allLayers();
    const images = zeros([29, 1, 28, 28]);
    for (let x = 0; x < 28; x++) images.data[((x + 1) * 28 + 14) * 28 + x] = 4;
    const { params } = dataFor(graph, 1, 3);
    const results = await runWeft(graph, { image: ndarray(images.shape, images.data) }, params);
    for (const { at, size, stride, offset } of fields) {
      const { shape, data } = must(results[`layer${at}`], "output");
      const [, channels = 0, height = 0, width = 0] = shape;
      const block = channels * height * width;
      for (let column = 0; column < width; column++) {
        const seen: number[] = [];
        for (let x = 0; x < 28; x++) if (differs(x + 1, column)) seen.push(x);
        const first = Math.max(0, offset + stride * column);
        const last = Math.min(27, offset + stride * column + size - 1);
        expect(seen, `layer ${at}, column ${column}`).toEqual(
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        );
      }
      /** Whether any element of that column differs from the black picture's. */
      function differs(picture: number, column: number): boolean {
        for (let i = column; i < block; i += width) if (data[picture * block + i] !== data[i]) return true;
        return false;
      }
    }
  });
});
