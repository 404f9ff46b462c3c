/** A file that holds what was measured of runs and of training steps: who takes what of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Adapter,
  merged,
  perAdapter,
  readTuning,
  sharedFor,
  tuningFor,
} from "../../compiler/emit/tuning.ts";
import type { AdapterTuning, TunedKernel } from "../../contract/tuning.ts";
import { scratch } from "../cli/weft.ts";

const kernel = (workgroup: number): TunedKernel => ({
  layers: "fc1",
  kernel: "n<N i<10",
  schedule: `register tile 1×2, unroll 4, workgroup ${workgroup}, opaque loops`,
  default: 2,
  tuned: 1,
  defaultBuild: 10,
  build: 10,
});
const device = { vendor: "mesa", architecture: "software", device: "llvmpipe", description: "" };
const runs: AdapterTuning = {
  ...device,
  features: [],
  target: "octets",
  batch: 64,
  kernels: { forward: kernel(1), both: kernel(2) },
};
const withSgd: AdapterTuning = {
  ...runs,
  batch: 256,
  training: "sgd",
  kernels: { both: kernel(3), backward: kernel(4), update: kernel(5) },
};
const withAdam: AdapterTuning = {
  ...withSgd,
  training: "adam",
  kernels: { backward: kernel(6), moment: kernel(7) },
};
const file = merged(merged(merged(undefined, withSgd), runs), withAdam);
const adapter: Adapter = {
  // Of GPUAdapterInfo, what is compared.
  info: device as GPUAdapterInfo,
  features: new Set<string>(),
};
const workgroups = (found: AdapterTuning | undefined): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(found?.kernels ?? {}).map(([k, v]) => [
      k,
      Number(/workgroup (\d+)/.exec(v.schedule)?.[1]),
    ]),
  );

test("runs and each optimiser have an entry of their own", () => {
  expect(file.adapters).toEqual([runs, withAdam, withSgd]);
  expect(merged(file, { ...withSgd, kernels: {} }).adapters).toEqual([
    runs,
    withAdam,
    { ...withSgd, kernels: {} },
  ]);
  expect(tuningFor(file, adapter, 64)).toBe(runs);
  expect(tuningFor(file, adapter, 64, "sgd")).toBe(withSgd);
  expect(tuningFor(file, adapter, 8, "sgd")).toBeUndefined(); // measured with batches too far from it
});

test("kernels that occur in both are shared: one's own first, then those of the others", () => {
  expect(workgroups(sharedFor(file, adapter, 256, "sgd"))).toEqual({
    both: 3,
    backward: 4,
    update: 5,
    moment: 7,
    forward: 1,
  });
  expect(workgroups(sharedFor(file, adapter, 256, "adam"))).toEqual({
    both: 3, // of the step with sgd, whose batch is nearer
    backward: 6,
    update: 5,
    moment: 7,
    forward: 1,
  });
  expect(workgroups(sharedFor(file, adapter, 4))).toEqual({ forward: 1, both: 2 }); // training's is too far
  expect(sharedFor(file, adapter, 256, "sgd")).toMatchObject({ training: "sgd", batch: 256 });
  const alone = merged(undefined, withSgd);
  expect(workgroups(sharedFor(alone, adapter, 256))).toEqual({ both: 3, backward: 4, update: 5 });
  expect(sharedFor(alone, adapter, 1)).toBeUndefined();
});

test("a bundle's variants are made where runs were measured", () => {
  expect(perAdapter(file, 64)).toEqual([sharedFor(file, adapter, 64)]);
  expect(perAdapter(merged(undefined, withSgd), 256)).toEqual([]);
});

describe("is read", () => {
  const text = JSON.stringify(file);
  const read = async (content: string): Promise<unknown> => {
    const path = join(scratch(), "m.tune.json");
    writeFileSync(path, content);
    return readTuning(path);
  };
  test("back the same", async () => {
    expect(await read(text)).toEqual(file);
  });
  test("with a check of the optimiser", async () => {
    await expect(read(text.replace('"training":"sgd"', '"training":"rmsprop"'))).rejects.toThrow(
      "is no tuning file: adapters[2].training is none of sgd, adam",
    );
  });
});
