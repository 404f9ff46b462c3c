/** Models that were once wrong stay right. */
import { afterAll, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { check } from "./check.ts";
import { regressions } from "./regressions.ts";

afterAll(closeDevice);

test.each(regressions)("$name", async ({ spec }) => {
  await check(spec);
});
