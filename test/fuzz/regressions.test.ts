/** Models and trainings that were once wrong stay right. */
import { afterAll, expect, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { check } from "./check.ts";
import { regressions } from "./regressions.ts";
import { trainedRegressions } from "./regressionsTrained.ts";
import { checkTraining } from "./train.ts";

afterAll(closeDevice);

test.each(regressions)("$name", async ({ spec }) => {
  await check(spec);
});

test.each(trainedRegressions)("trained: $name", async ({ spec }) => {
  expect(await checkTraining(spec)).toBe(true);
});
