/** Dense layers and matrix products. */
import { input, linear, matmul, N, param, transpose } from "weftgpu";
import { checkOp, useDevice } from "./cases.ts";

useDevice();

checkOp("linear", [
  { name: "1 → 1", build: () => linear(input("x", [N, 1]), { out: 1 }) },
  { name: "prime sizes", build: () => linear(input("x", [N, 13]), { out: 11 }) },
  { name: "without bias", build: () => linear(input("x", [N, 8]), { out: 4, bias: false }) },
  { name: "a long sum", build: () => linear(input("x", [N, 1031]), { out: 7 }) },
  { name: "many outputs", build: () => linear(input("x", [N, 5]), { out: 301 }) },
  { name: "rank 3", build: () => linear(input("x", [N, 3, 7]), { out: 5 }) },
  { name: "rank 4", build: () => linear(input("x", [N, 2, 3, 5]), { out: 4 }) },
  { name: "a fixed batch", batches: [1], build: () => linear(input("x", [7, 6]), { out: 5 }) },
  {
    name: "batches 1, 2, 3, 4 and 17",
    batches: [1, 2, 3, 4, 17],
    build: () => linear(input("x", [N, 12]), { out: 8 }),
  },
]);

checkOp("matmul", [
  { name: "1×1", batches: [1], build: () => matmul(input("a", [1, 1]), input("b", [1, 1])) },
  { name: "prime sizes", batches: [1], build: () => matmul(input("a", [7, 13]), input("b", [13, 11])) },
  { name: "N rows", build: () => matmul(input("a", [N, 6]), param("b", [6, 9])) },
  { name: "a batch of matrices", build: () => matmul(input("a", [N, 3, 5]), input("b", [N, 5, 4])) },
  {
    name: "one matrix for all examples",
    build: () => matmul(input("a", [N, 3, 5]), param("b", [5, 4])),
  },
  {
    name: "leading sizes of 1 are repeated",
    build: () => matmul(input("a", [N, 1, 3, 5]), param("b", [2, 5, 4])),
  },
  {
    name: "a matrix for each head",
    build: () => matmul(input("a", [N, 2, 3, 5]), param("b", [2, 5, 3])),
  },
  { name: "a column", build: () => matmul(input("a", [N, 4, 17]), param("b", [17, 1])) },
  { name: "a row", batches: [1], build: () => matmul(input("a", [1, 17]), param("b", [17, 6])) },
  { name: "an outer product", build: () => matmul(input("a", [N, 5, 1]), input("b", [N, 1, 7])) },
  {
    name: "with its own transpose",
    build: () => {
      const a = input("a", [N, 5, 6]);
      return matmul(a, transpose(a));
    },
  },
]);
