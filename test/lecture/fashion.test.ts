/** The trained LeNet on real pictures: the same scores as onnxruntime, and the right classes. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { must } from "../../compiler/errors.ts";
import lenet from "../../models/lenet.ts";
import { readSafetensors } from "../../runtime/index.ts";
import { type Arrays, ndarray } from "../oracle/array.ts";
import { difference, type Reference } from "../oracle/compare.ts";
import { runOnnx } from "../oracle/onnx.ts";
import { evaluate } from "../oracle/oracle.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

const PICTURES = 1000;
const data = process.env["WEFT_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const folder = `${data}/fashion-mnist`;
const missing = !existsSync(`${folder}/t10k-images-idx3-ubyte.gz`);
if (missing) console.log(`skipped: no Fashion-MNIST in ${folder}; WEFT_DATA names another folder`);

/** The first pictures of the test set as [n, 1, 28, 28] in 0 … 1, and their classes. */
function pictures(): { readonly images: ReturnType<typeof ndarray>; readonly labels: Uint8Array } {
  const read = (name: string): Uint8Array => gunzipSync(readFileSync(`${folder}/${name}.gz`));
  const pixels = read("t10k-images-idx3-ubyte").subarray(16, 16 + PICTURES * 784);
  const labels = read("t10k-labels-idx1-ubyte").subarray(8, 8 + PICTURES);
  const values = Array.from(pixels, (p) => Math.fround(p / 255));
  return { images: ndarray([PICTURES, 1, 28, 28], values), labels };
}

function weights(): Arrays {
  const file = readFileSync(new URL("../../models/lenet.fashion-mnist.safetensors", import.meta.url));
  return Object.fromEntries(
    Object.entries(readSafetensors(file)).map(([name, t]) => [name, ndarray(t.shape, t.data)]),
  );
}

describe.skipIf(missing)(`LeNet on ${PICTURES} pictures of Fashion-MNIST`, () => {
  test("gives onnxruntime's scores", async () => {
    const { images, labels } = pictures();
    const params = named(weights());
    const got = must((await runWeft(lenet.graph, { image: images }, params))["logits"], "logits");
    const other = must((await runOnnx(lenet.graph, { image: images }, params))["logits"], "logits");
    // Scores are sums of 84 terms of about their own size.
    const want: Reference = { value: other, floor: 1e-5 };
    expect(difference(got, want)).toBeUndefined();

    const few = ndarray([8, 1, 28, 28], images.data.subarray(0, 8 * 784));
    const exact = must(evaluate(lenet.graph, { image: few }, params)["logits"], "logits");
    const first = { shape: [8, 10], data: got.data.subarray(0, 80) };
    expect(difference(first, { value: exact, floor: 1e-5 })).toBeUndefined();

    let right = 0;
    for (let i = 0; i < PICTURES; i++) {
      const scores = Array.from(got.data.subarray(i * 10, i * 10 + 10));
      if (scores.indexOf(Math.max(...scores)) === labels[i]) right++;
    }
    console.log(`${((100 * right) / PICTURES).toFixed(1)} % of ${PICTURES} pictures are classified right`);
    expect(right / PICTURES).toBeGreaterThan(0.8);
  });
});

/**
 * The graph's parameter names here are those of a model that no one has read the source of (`conv2d1.weight`); the
 * weights file has the variables' names (`conv1.weight`). Both list the layers in the same order.
 */
function named(file: Arrays): Arrays {
  const wanted = lenet.graph.nodes.filter((n) => n.kind === "param").map((n) => n.origin.name);
  const order = ["conv1", "conv2", "fc1", "fc2", "logits"].flatMap((l) => [`${l}.weight`, `${l}.bias`]);
  return Object.fromEntries(
    wanted.map((name, i) => [name, must(file[order[i] ?? ""], `weights for ${name}`)]),
  );
}
