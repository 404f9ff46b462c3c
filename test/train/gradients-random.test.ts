/** Gradients over random shapes, strides, paddings, groups, dilations and axes. WEFT_FUZZ_RUNS and _SEED choose more. */
import fc from "fast-check";
import { afterAll, describe, test } from "vitest";
import { closeDevice } from "../oracle/weft.ts";
import { checkGradients } from "./gradients.ts";
import { builders, describeDraw } from "./gradients-draw.ts";

afterAll(closeDevice);

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 1986);
const runs = Number(process.env["WEFT_FUZZ_RUNS"] ?? 8);

describe(`random gradients (seed ${seed}, ${runs} each)`, () => {
  test.each(Object.entries(builders))("%s", async (_, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(
        arbitrary,
        fc.integer({ min: 1, max: 1e6 }),
        fc.boolean(),
        async (draw, values, training) => {
          try {
            await checkGradients(draw.build(), { seed: values, training, batches: draw.batches });
          } catch (e) {
            throw new Error(`${describeDraw(draw)}\n${e instanceof Error ? e.message : String(e)}`, {
              cause: e,
            });
          }
        },
      ),
      { seed, numRuns: runs, endOnFailure: process.env["WEFT_FUZZ_SHRINK"] === undefined },
    );
  });
});
