/** Random models through WGSL on the adapter, against the naive oracle and onnxruntime. */
import { afterAll, expect, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { hunt, summary } from "./hunt.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 1998);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 1200);

afterAll(closeDevice);

test(`${runs} random models equal the references (seed ${seed})`, { timeout: 1_800_000 }, async () => {
  const found = await hunt({ runs, seed });
  const { failures, skipped } = found;
  console.log(`${runs} models, seed ${seed}\n${summary(found)}`);
  expect(failures.map((f) => `${f.count} × ${f.text}`).join("\n\n")).toBe("");
  expect(skipped).toBeLessThan(runs / 20);
});
