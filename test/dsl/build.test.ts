import { expect, test } from "vitest";
import {
  avgPool2d,
  conv2d,
  flatten,
  input,
  linear,
  model,
  N,
  sequential,
  sigmoid,
} from "../../compiler/dsl/index.ts";
import { showShape } from "../../contract/shapes.ts";

const lenet = () => {
  const image = input("image", [N, 1, 28, 28]);
  const pool1 = avgPool2d(sigmoid(conv2d(image, { out: 6, kernel: 5, padding: 2 })), { kernel: 2 });
  const pool2 = avgPool2d(sigmoid(conv2d(pool1, { out: 16, kernel: 5 })), { kernel: 2 });
  const fc1 = sigmoid(linear(flatten(pool2), { out: 120 }));
  const fc2 = sigmoid(linear(fc1, { out: 84 }));
  const logits = linear(fc2, { out: 10 });
  return model("lenet", { image }, { logits });
};

test("a functional model becomes a graph with names, shapes and parameters", () => {
  const { graph } = lenet();
  expect(graph.nodes.map((n) => `${n.origin.name} ${showShape(n.type.shape)}`)).toMatchInlineSnapshot(`
    [
      "image [N, 1, 28, 28]",
      "conv2d1.weight [6, 1, 5, 5]",
      "conv2d1.bias [6]",
      "conv2d1 [N, 6, 28, 28]",
      "sigmoid1 [N, 6, 28, 28]",
      "avgPool2d1 [N, 6, 14, 14]",
      "conv2d2.weight [16, 6, 5, 5]",
      "conv2d2.bias [16]",
      "conv2d2 [N, 16, 10, 10]",
      "sigmoid2 [N, 16, 10, 10]",
      "avgPool2d2 [N, 16, 5, 5]",
      "flatten1 [N, 400]",
      "linear1.weight [120, 400]",
      "linear1.bias [120]",
      "linear1 [N, 120]",
      "sigmoid3 [N, 120]",
      "linear2.weight [84, 120]",
      "linear2.bias [84]",
      "linear2 [N, 84]",
      "sigmoid4 [N, 84]",
      "linear3.weight [10, 84]",
      "linear3.bias [10]",
      "linear3 [N, 10]",
    ]
  `);
});

test("a chain becomes the same graph", () => {
  const chain = model(
    "lenet",
    input("image", [N, 1, 28, 28]),
    sequential(
      conv2d({ out: 6, kernel: 5, padding: 2 }),
      sigmoid(),
      avgPool2d({ kernel: 2 }),
      conv2d({ out: 16, kernel: 5 }),
      sigmoid(),
      avgPool2d({ kernel: 2 }),
      flatten(),
      linear({ out: 120 }),
      sigmoid(),
      linear({ out: 84 }),
      sigmoid(),
      linear({ out: 10 }),
    ),
  );
  const names = (m: { graph: ReturnType<typeof lenet>["graph"] }) =>
    m.graph.nodes.map((n) => `${n.origin.name} ${showShape(n.type.shape)}`);
  expect(names(chain)).toEqual(names(lenet()));
});
