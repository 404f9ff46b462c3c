/** Random models through WGSL on the adapter, against the naive oracle. */
import { afterAll, expect, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { hunt } from "./hunt.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 1998);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 2000);

afterAll(closeDevice);

test(`${runs} random models equal the naive oracle (seed ${seed})`, { timeout: 1_800_000 }, async () => {
  const { failures, kernels, skipped, seconds } = await hunt({ runs, seed });
  console.log(
    `seed ${seed}: ${runs} models, ${kernels} kernels in ${seconds.toFixed(0)} s; ${skipped} have no right answer in f32`,
  );
  expect(failures.map((f) => `${f.count} × ${f.text}`).join("\n\n")).toBe("");
  expect(skipped).toBeLessThan(runs / 20);
});
