/** What the Python of docs/guide/pytorch.md saves, with other numbers: the state_dict of an nn.Sequential. */
import { archive, dictionary, pickle, tensor } from "../cli/pytorch/make.ts";

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "0.weight": [8, 1, 3, 3],
  "0.bias": [8],
  "1.weight": [8],
  "1.bias": [8],
  "1.running_mean": [8],
  "1.running_var": [8],
  "5.weight": [10, 1568],
  "5.bias": [10],
};

export function savedNet(): Uint8Array {
  const entries = Object.entries(SHAPES).map(([name, shape], key) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const numbers = Float32Array.from({ length }, (_, i) => Math.cos(i + key) ** 2);
    return { name, made: { key: `${key}`, length, shape, strides }, numbers };
  });
  const counter = { key: "steps", type: "LongStorage", length: 1, shape: [], strides: [] };
  const tensors = [
    ...entries,
    { name: "1.num_batches_tracked", made: counter, numbers: BigInt64Array.of(9n) },
  ];
  return archive(
    pickle(dictionary(Object.fromEntries(tensors.map(({ name, made }) => [name, tensor(made)])))),
    Object.fromEntries(
      tensors.map(({ made, numbers }) => [`data/${made.key}`, new Uint8Array(numbers.buffer)]),
    ),
  );
}
