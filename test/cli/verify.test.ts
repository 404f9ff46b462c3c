/** `weft verify` as a process: what it prints, and what it refuses. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { fails, root, weftProcess, works } from "./weft.ts";

const lenet = join(root, "models/lenet.ts");

test("LeNet on the software adapter, as a text and as JSON", async () => {
  const args = ["verify", lenet, "--adapter", "software", "--batch", "1", "3"];
  const { stdout } = await works(args, weftProcess);
  expect(stdout).toMatch(
    /^lenet: SwiftShader.* computes all of 10 tensors right, at N = 1, 3\nlargest difference [\d.]+e-\d+ of a tensor's root mean square: \S+\n$/,
  );
  const json = JSON.parse((await works([...args, "--format", "json"])).stdout);
  expect(json).toMatchObject({ model: "lenet", batches: [1, 3], compared: 10, skipped: [], faults: [] });
});

test("what cannot be verified", async () => {
  expect(await fails(["verify", lenet, "--batch", "0"])).toMatch(/It must be a whole number of at least 1\./);
  expect(await fails(["verify", lenet, "--quantise", "i8"])).toMatch(/unknown option '--quantise'/);
});
