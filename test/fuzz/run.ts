/**
 * Hunts for models that Weft computes wrongly: `npm run fuzz -- --runs 100000 --seed 7`.
 *
 *   --runs N       how many models (2000)
 *   --seed S       what they are drawn from (the time); the same seed gives the same models
 *   --from K       goes on after the first K models of this seed: what an interrupted hunt prints
 *   --seconds T    ends after this time, and prints how to go on
 *   --of WHAT      results (of models), gradients (of their losses), or training (steps with an optimiser)
 *   --target NAME  compiles all of them for it (what each one draws)
 *   --at-once A    models in flight (8)
 *   --out DIR      writes each failure's shrunk model as a file there
 *
 * Prints each kind of failure as a small model file that `weft` runs; the exit code is 1 if there is one. A model that
 * was wrong belongs into regressions.ts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import { closeDevice } from "../oracle/weft.ts";
import { type Failure, type Hunt, hunt, subjects, summary } from "./hunt.ts";

const targetNames = Object.keys(targets) as TargetName[]; // its own keys

/** Models that share a seed. Each part has one of its own, so that a hunt can go on anywhere. */
const PART = 250;

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    seed: { type: "string" },
    from: { type: "string" },
    seconds: { type: "string" },
    of: { type: "string", default: "results" },
    target: { type: "string" },
    "at-once": { type: "string" },
    out: { type: "string" },
  },
});

function count(text: string | undefined, otherwise: number, flag: string): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${flag} is ${text}: it is a whole number`);
  process.exit(1);
}

const runs = count(values.runs, 2000, "runs");
const seed = count(values.seed, Date.now() % 1_000_000, "seed");
const from = Math.floor(count(values.from, 0, "from") / PART) * PART;
const seconds = values.seconds === undefined ? Infinity : count(values.seconds, 0, "seconds");
const of = subjects.find((s) => s === values.of);
if (!of) {
  console.error(`--of is ${values.of}: ${subjects.join(", ")}`);
  process.exit(1);
}
const target = values.target === undefined ? undefined : targetNames.find((t) => t === values.target);
if (values.target !== undefined && !target) {
  console.error(`--target is ${values.target}: ${targetNames.join(", ")}`);
  process.exit(1);
}
const started = performance.now();
let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
});
const stop = (): boolean => interrupted || performance.now() - started > seconds * 1000;

console.log(
  `${runs} random models, seed ${seed}${from > 0 ? `, from model ${from} on` : ""}: ${of}${target ? `, ${target}` : ""}`,
);
const parts: Hunt[] = [];
const failures = new Map<string, Failure>();
let done = from;
let told = performance.now();
while (done < runs && !stop()) {
  const before = done;
  // The first part has the seed itself: `fuzz.test.ts` prints seeds of its own that go here.
  const partSeed = (seed + (before / PART) * 7919) % 2 ** 31;
  const part = await hunt({
    runs: Math.min(PART, runs - before),
    seed: partSeed,
    of,
    ...(target && { target }),
    atOnce: Math.max(1, count(values["at-once"], 8, "at-once")),
    stop,
    found: (kind, index) =>
      console.log(`  model ${before + index} failed: ${kind}; looking for a smaller one`),
  });
  parts.push(part);
  for (const failure of part.failures) {
    const known = failures.get(failure.kind);
    if (!known) show(failure, partSeed, failures.size);
    failures.set(failure.kind, { ...failure, count: failure.count + (known?.count ?? 0) });
  }
  done = before + part.runs;
  if (performance.now() - told > 10_000) {
    console.log(progress(done));
    told = performance.now();
  }
  if (part.runs < Math.min(PART, runs - before)) break;
}
const whole = Math.floor(done / PART) * PART;
console.log(summary(total(parts)));
const { user, system } = process.cpuUsage();
console.log(`${((user + system) / 1e6).toFixed(0)} s of CPU time`);
if (done < runs) console.log(`ended early; go on with --runs ${runs} --seed ${seed} --from ${whole}`);
console.log(
  failures.size === 0
    ? `no mismatch in ${done - from} models`
    : `${failures.size} kinds of failure: ${[...failures.values()].map((f) => `${f.count} × ${f.kind}`).join("; ")}`,
);
await closeDevice();
process.exitCode = failures.size === 0 ? 0 : 1;

/** `  12,250 of 100,000, 41 a second, 36 min to go` */
function progress(models: number): string {
  const rate = (models - from) / ((performance.now() - started) / 1000);
  const minutes = Math.ceil((runs - models) / rate / 60);
  const number = (n: number): string => n.toLocaleString("en-US");
  return `  ${number(models)} of ${number(runs)}, ${rate.toFixed(0)} a second, ${minutes} min to go`;
}

function show({ kind, text, file }: Failure, partSeed: number, index: number): void {
  console.log(`\n${"─".repeat(80)}\n${kind} (seed ${partSeed})\n\n${text}\n`);
  if (values.out === undefined) return;
  mkdirSync(values.out, { recursive: true });
  const path = join(values.out, `fuzz-${partSeed}-${index}.ts`);
  writeFileSync(path, `// ${kind}\n${file}\n`);
  console.log(`written to ${path}`);
}

function total(parts: readonly Hunt[]): Hunt {
  const withoutOnnx = new Map<string, number>();
  for (const part of parts)
    for (const [reason, n] of part.withoutOnnx) withoutOnnx.set(reason, n + (withoutOnnx.get(reason) ?? 0));
  const sum = (of: (hunt: Hunt) => number): number => parts.reduce((a, part) => a + of(part), 0);
  return {
    runs: sum((p) => p.runs),
    failures: [...failures.values()],
    kernels: sum((p) => p.kernels),
    merged: sum((p) => p.merged),
    skipped: sum((p) => p.skipped),
    withoutOnnx,
    seconds: sum((p) => p.seconds),
  };
}
