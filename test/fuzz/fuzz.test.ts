/** Random models and trainings against the references; how many is said in the environment. */
import { afterAll, expect, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { hunt, type Subject, summary } from "./hunt.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 1998);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 720);

afterAll(closeDevice);

/** A third of them for WebAssembly, the others for what each draws. */
test.each<[Subject, number, "wasm"?]>([
  ["results", Math.ceil((runs * 4) / 9)],
  ["results", Math.ceil((runs * 2) / 9), "wasm"],
  ["sizes", Math.ceil(runs / 12)],
  ["sizes", Math.ceil(runs / 24), "wasm"],
  ["training", Math.ceil(runs / 12)],
  ["training", Math.ceil(runs / 24), "wasm"],
])(`%s: %i random models (seed ${seed}) %s`, async (of, count, target) => {
  const found = await hunt({ runs: count, seed: target ? seed + 1 : seed, of, ...(target && { target }) });
  const { failures, skipped } = found;
  console.log(`${of}: ${count} models, seed ${seed}\n${summary(found)}`);
  expect(failures.map((f) => `${f.count} × ${f.text}`).join("\n\n")).toBe("");
  // Of trainings more are passed over: too many parameters, slopes that jump.
  expect(skipped).toBeLessThan(of === "training" ? count / 3 : count / 20);
});
