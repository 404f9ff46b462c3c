/** Random models through WGSL on the adapter, against the naive oracle. */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { check } from "./check.ts";
import { models } from "./draw.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 1998);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 2000);

afterAll(closeDevice);

test(`${runs} random models equal the naive oracle (seed ${seed})`, { timeout: 1_200_000 }, async () => {
  let kernels = 0;
  let skipped = 0;
  const started = performance.now();
  await fc.assert(
    fc.asyncProperty(models(), async (spec) => {
      const { compilation, compared } = await check(spec);
      kernels += compilation.program.kernels.length;
      if (!compared) skipped++;
    }),
    { seed, numRuns: runs },
  );
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${runs} models, ${kernels} kernels in ${seconds.toFixed(1)} s; ${skipped} without a right answer in f32`,
  );
  expect(skipped).toBeLessThan(runs / 20);
});
