/**
 * How long tests wait. A limit is a safety net against what never ends, not a budget: on a machine that is busy with
 * other things everything may take many times as long. These are the only limits; the configurations of Vitest,
 * processes and pages take theirs from here.
 */

/** Milliseconds of a test or a hook. 0 is none: who asks for many random models waits for them. */
const LIMIT = process.env["WEFT_FUZZ_RUNS"] ? 0 : 600_000;

/** Milliseconds for one thing to happen: less than a test's, so that a failure says what did not come. */
export const PATIENCE = 300_000;

/** For both configurations of Vitest. */
export const limits = {
  testTimeout: LIMIT,
  hookTimeout: LIMIT,
  expect: { poll: { timeout: PATIENCE, interval: 20 } },
} as const;
