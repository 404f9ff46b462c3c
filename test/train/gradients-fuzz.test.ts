/**
 * Gradients of random models, against central differences of the oracle. A failure is shown as a model file;
 * WEFT_FUZZ_RUNS and WEFT_FUZZ_SEED choose more, as does `npm run fuzz -- --of gradients`.
 */
import { afterAll, expect, test } from "vitest";
import { hunt, summary } from "../fuzz/hunt.ts";
import { closeDevice } from "../oracle/weft.ts";

afterAll(closeDevice);

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 847);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 12);

test(`gradients of ${runs} random models (seed ${seed})`, async () => {
  const found = await hunt({ runs, seed, of: "gradients" });
  console.log(summary(found));
  expect(found.failures.map((f) => `${f.count} × ${f.text}`).join("\n\n")).toBe("");
  expect(found.skipped).toBeLessThan(runs / 2);
});
