/**
 * Breaks Weft in named places, one at a time, and runs the tests that guard each: `npm run mutate`.
 *
 *   --only TEXT    mutations whose name or file holds this text; may be given several times
 *   --workers W    copies that are tested side by side (half the cores)
 *   --resume       takes earlier verdicts where neither the file nor its guards have changed
 *   --list         names them all, and runs nothing
 *   --json         prints the verdicts as JSON
 *
 * The exit code is 1 if a mutation survives that is not said to be equivalent, if one is killed that is, or if a guard
 * fails without any. See docs/mutations.md.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Guard, type Mutation, mutated } from "./mutation.ts";
import { Bench, share } from "./pool.ts";
import { mutations } from "./table/index.ts";

const root = process.cwd();
const RESULTS = join(root, "node_modules/.cache/weft/mutations.json");
/** Milliseconds that a guard may take: a multiple of what it took unbroken, and as much besides as a machine may be busy. */
const SLOWER = 10;
const GRACE = 90_000;

type Verdict = "killed" | "time limit" | "survived" | "equivalent" | "guard fails" | "not equivalent";

interface Result {
  readonly name: string;
  readonly file: string;
  readonly verdict: Verdict;
  /** The test that failed. */
  readonly by: string;
  readonly seconds: number;
}

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    workers: { type: "string" },
    resume: { type: "boolean" },
    list: { type: "boolean" },
    json: { type: "boolean" },
  },
});

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

const { only } = values;
const chosen = mutations.filter(
  ({ name, file }) => !only || only.some((text) => name.includes(text) || file.includes(text)),
);
if (chosen.length === 0) fail(`no mutation's name or file holds ${only?.join(" or ")}`);
const workers = Number(values.workers ?? Math.max(1, Math.floor(availableParallelism() / 2)));
if (!Number.isSafeInteger(workers) || workers < 1) fail(`--workers is ${values.workers}: a number from 1`);

const read = (file: string): string => readFileSync(join(root, file), "utf8");
/** The broken text of each mutation's file: all are looked at before anything runs. */
const texts = new Map<Mutation, string>();
const stale: string[] = [];
for (const mutation of chosen)
  try {
    texts.set(mutation, mutated(mutation, read(mutation.file)));
  } catch (error) {
    stale.push(error instanceof Error ? error.message : String(error));
  }
if (stale.length > 0) fail(`${stale.join("\n\n")}\n\n${stale.length} mutations fit the sources no longer`);

if (values.list) {
  for (const { name, file, equivalent } of chosen)
    console.log(`${file}: ${name}${equivalent === undefined ? "" : "  (equivalent)"}`);
  process.exit(0);
}

const keyOf = (mutation: Mutation): string =>
  createHash("sha256")
    .update(JSON.stringify([mutation, read(mutation.file), mutation.guards.map((g) => read(g.file))]))
    .digest("hex");
const known: Record<string, Result> =
  values.resume && existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {};
const kept: Record<string, Result> = { ...known };

function keep(mutation: Mutation, result: Result): void {
  kept[keyOf(mutation)] = result;
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, JSON.stringify(kept, null, 1));
}

const started = performance.now();
const results = new Map<Mutation, Result>();
for (const mutation of chosen) {
  const earlier = known[keyOf(mutation)];
  if (earlier) results.set(mutation, earlier);
}
const todo = chosen.filter((m) => !results.has(m));

const say = (line: string): void => (values.json ? console.error(line) : console.log(line));
const benches = Array.from({ length: Math.min(workers, Math.max(1, todo.length)) }, () => new Bench(root));
const stop = async (): Promise<void> => {
  await Promise.all(benches.map((bench) => bench.close()));
};
process.once("SIGINT", () => stop().then(() => process.exit(130)));

/** Guards without a mutation, each run when it is first asked for: milliseconds, or why a guard cannot be one. */
const unbroken = new Map<string, Promise<number | string>>();
const guardKey = ({ file, only: which }: Guard): string =>
  which === undefined ? file : `${file} -t ${which}`;

async function baseline(bench: Bench, guard: Guard): Promise<number | string> {
  bench.change(new Map());
  const begun = performance.now();
  const outcome = await bench.run(guard, 30 * 60_000);
  const { passed, failure = passed > 0 ? "" : "none of its tests is called so" } = outcome ?? {
    passed: 0,
    failure: "it takes more than half an hour",
  };
  if (failure) say(`guard fails without a mutation: ${guardKey(guard)}: ${failure}`);
  return failure || performance.now() - begun;
}

function usualOf(bench: Bench, guard: Guard): Promise<number | string> {
  const key = guardKey(guard);
  const known = unbroken.get(key) ?? baseline(bench, guard);
  unbroken.set(key, known);
  return known;
}

async function judge(bench: Bench, mutation: Mutation): Promise<void> {
  const begun = performance.now();
  const give = (verdict: Verdict, by: string): void => {
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    const result = { name: mutation.name, file: mutation.file, verdict, by, seconds };
    results.set(mutation, result);
    if (verdict !== "guard fails") keep(mutation, result);
    say(
      `${String(results.size).padStart(4)} of ${chosen.length}  ${verdict}: ${mutation.name} (${seconds} s)`,
    );
  };
  const broken = new Map([[mutation.file, texts.get(mutation) ?? ""]]);
  for (const guard of mutation.guards) {
    const usual = await usualOf(bench, guard);
    if (typeof usual !== "number") return give("guard fails", `${guardKey(guard)}: ${usual}`);
    bench.change(broken);
    const outcome = await bench.run(guard, GRACE + SLOWER * usual);
    if (!outcome) return give("time limit", guardKey(guard));
    if (outcome.failure !== undefined)
      return give(mutation.equivalent === undefined ? "killed" : "not equivalent", outcome.failure);
  }
  give(mutation.equivalent === undefined ? "survived" : "equivalent", mutation.equivalent ?? "");
}

say(`${chosen.length} mutations, ${benches.length} at a time`);
try {
  await share(benches, todo, judge);
} finally {
  await stop();
}

const all = chosen.flatMap((m) => results.get(m) ?? []);
const count = (verdict: Verdict): number => all.filter((r) => r.verdict === verdict).length;
const seconds = Math.round((performance.now() - started) / 1000);
const bad = all.filter((r) => !["killed", "time limit", "equivalent"].includes(r.verdict));
if (values.json) console.log(JSON.stringify({ seconds, results: all }, null, 2));
else {
  const table = new Table({
    style: { head: [], border: [] },
    head: ["file", "mutation", "verdict", "by", "s"],
    wordWrap: true,
    colWidths: [28, 40, 12, 60, 7],
  });
  for (const { file, name, verdict, by, seconds: took } of all) table.push([file, name, verdict, by, took]);
  console.log(table.toString());
}
const verdicts = ["killed", "time limit", "equivalent", "survived", "not equivalent", "guard fails"] as const;
say(`${verdicts.map((v) => `${count(v)} ${v}`).join(", ")} of ${all.length} in ${seconds} s`);
process.exit(bad.length > 0 ? 1 : 0);
