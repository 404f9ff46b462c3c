/** LeNet-5 written three ways; each gives the same types. */
import type { Model, Tensor } from "../../../compiler/dsl/index.ts";
import {
  avgPool2d,
  conv2d,
  flatten,
  input,
  linear,
  model,
  N,
  pipe,
  sequential,
  sigmoid,
} from "../../../compiler/dsl/index.ts";
import { same } from "./equal.ts";

const image = input("image", [N, 1, 28, 28]);
const conv1 = sigmoid(conv2d(image, { out: 6, kernel: 5, padding: 2 }));
const pool1 = avgPool2d(conv1, { kernel: 2 });
const conv2 = sigmoid(conv2d(pool1, { out: 16, kernel: 5 }));
const pool2 = avgPool2d(conv2, { kernel: 2 });
const fc1 = sigmoid(linear(flatten(pool2), { out: 120 }));
const fc2 = sigmoid(linear(fc1, { out: 84 }));
const logits = linear(fc2, { out: 10 });
export const functional = model("lenet", { image }, { logits });

export const piped = pipe(
  image,
  conv2d({ out: 6, kernel: 5, padding: 2 }),
  sigmoid(),
  avgPool2d({ kernel: 2 }),
  conv2d({ out: 16, kernel: 5 }),
  sigmoid(),
  avgPool2d({ kernel: 2 }),
  flatten(),
  linear({ out: 120, in: 400 }),
  sigmoid(),
  linear({ out: 84 }),
  sigmoid(),
  linear({ out: 10 }),
);

const pooled = sequential(
  sequential(conv2d({ out: 6, kernel: 5, padding: 2 }), sigmoid(), avgPool2d({ kernel: 2 })),
  sequential(conv2d({ out: 16, kernel: 5 }), sigmoid(), avgPool2d({ kernel: 2 })),
);
const classify = sequential(
  flatten(),
  linear({ out: 120 }),
  sigmoid(),
  linear({ out: 84 }),
  sigmoid(),
  linear({ out: 10 }),
);
export const chained = model("lenet", input("image", [N, 1, 28, 28]), sequential(pooled, classify));

export const checks: readonly true[] = [
  same<Tensor<[N, 6, 28, 28]>>()(conv1),
  same<Tensor<[N, 6, 14, 14]>>()(pool1),
  same<Tensor<[N, 16, 10, 10]>>()(conv2),
  same<Tensor<[N, 16, 5, 5]>>()(pool2),
  same<Tensor<[N, 10]>>()(logits),
  same<Tensor<[N, 10]>>()(piped),
  same<Tensor<[N, 16, 5, 5]>>()(pooled(image)),
  same<Model<{ image: [N, 1, 28, 28] }, { logits: [N, 10] }>>()(functional),
  same<Model<{ [name: string]: [N, 1, 28, 28] }, { output: [N, 10] }>>()(chained),
];
