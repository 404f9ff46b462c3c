/**
 * Hunts for models that Weft computes wrongly: `npm run fuzz -- --runs 10000 --seed 7`.
 * Prints each kind of failure as a small model file; the exit code is 1 if there is one.
 */
import { parseArgs } from "node:util";
import { closeDevice } from "../oracle/weft.ts";
import { hunt, summary } from "./hunt.ts";

const { values } = parseArgs({
  options: { runs: { type: "string" }, seed: { type: "string" }, "at-once": { type: "string" } },
});

function count(text: string | undefined, otherwise: number, flag: string): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${flag} is ${text}: it is a whole number`);
  process.exit(1);
}

const runs = count(values.runs, 2000, "runs");
const seed = count(values.seed, Date.now() % 1_000_000, "seed");
console.log(`${runs} random models, seed ${seed}`);
const found = await hunt({
  runs,
  seed,
  atOnce: Math.max(1, count(values["at-once"], 8, "at-once")),
  progress: (done) => {
    if (done % 250 === 0) console.log(`  ${done} done`);
  },
});
console.log(summary(found));
const { failures } = found;
for (const { kind, count: n, text } of failures)
  console.log(`\n${"─".repeat(80)}\n${n} × ${kind}\n\n${text}`);
console.log(failures.length === 0 ? "no mismatch" : `${failures.length} kinds of failure`);
await closeDevice();
process.exitCode = failures.length === 0 ? 0 : 1;
