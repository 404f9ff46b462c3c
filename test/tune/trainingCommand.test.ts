/** `weft tune --train` and `weft train`, which uses what it wrote; interruptions and mistakes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Book } from "../../cli/tuning/book.ts";
import { inTime, unlessStopped } from "../../cli/tuning/patience.ts";
import type { Found } from "../../cli/tuning/search.ts";
import { subjectsOf } from "../../cli/tuning/subjects.ts";
import type { Adapter } from "../../compiler/emit/tuning.ts";
import { must } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { compileParts, sgd } from "../../compiler/train/index.ts";
import type { AdapterTuning, TunedKernel, TuningFile } from "../../contract/tuning.ts";
import { fails, scratch, weft, works } from "../cli/weft.ts";
import { PATIENCE } from "../patience.ts";

/** The software adapter of npm, whatever driver is installed. */
const SOFTWARE = ["--adapter", "software"];
for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) vi.stubEnv(name, undefined);
afterAll(() => vi.unstubAllEnvs());

const file = join(scratch(), "small.ts");
const path = file.replace(".ts", ".tune.json");
beforeAll(() =>
  writeFileSync(
    file,
    `import { flatten, input, linear, model, N, relu } from "weftgpu";
const x = input("x", [N, 1, 28, 28]);
const a = relu(linear(flatten(x), { out: 16 }));
export default model("small", { x }, { y: linear(a, { out: 10 }) });
`,
  ),
);

const readFile = (): TuningFile => JSON.parse(readFileSync(path, "utf8"));
const quick = ["--batch", "32", "--limit", "64", "--budget", "1"];
const gone: TunedKernel = {
  layers: "gone",
  kernel: "",
  schedule: "thread per position, workgroup 64",
  default: 2,
  tuned: 1,
  defaultBuild: 1,
  build: 1,
};

describe("weft tune --train", () => {
  test("measures a step, writes beside what was there, and weft train uses it", async () => {
    const first = await works(["tune", file, "--budget", "1", ...SOFTWARE]);
    expect(first.stdout).toMatch(/^small, N = 1, on SwiftShader/);
    const runs = readFile();
    const { stdout } = await works(["tune", file, "--train", ...quick, "-f", "json", ...SOFTWARE]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ model: "small", training: "sgd", batch: 32, rejected: [], dropped: [] });
    expect(report.runs).toBe(30_000);
    expect(report.kernels).toHaveLength(report.all);
    expect(report.whole.tuned).toBeGreaterThan(0);
    const layers: readonly string[] = report.kernels.flatMap((k: { layers: string[] }) => k.layers);
    expect(layers.some((l) => l.endsWith("a/linear.weight.updated"))).toBe(true);
    const written = readFile();
    expect(written.adapters).toHaveLength(2);
    expect(written.adapters[0]).toEqual(runs.adapters[0]);
    expect(written.adapters[1]).toMatchObject({ training: "sgd", batch: 32 });

    // Whatever won on this machine: a schedule of ours shows that the file is used, and changes nothing but rounding.
    const { graph } = await loadModel(file);
    const { step } = compileParts(graph, { optimizer: sgd({ lr: 0.1 }), target: "quads" });
    const update = must(
      subjectsOf(step).find((s) => s.stored.some((r) => r.inPlace) && s.step.kernel.kind === "contraction"),
      "update",
    );
    const { kernel } = update.step;
    if (kernel.kind !== "contraction") throw new Error("an update of a weight is a contraction");
    const tile = kernel.space.map((a) => (a === kernel.n.at(-1) ? 4 : 2));
    const schedule = `register tile ${tile.join("×")}, workgroup 32`;
    const kernels = { [update.key]: { ...gone, layers: "update", schedule }, "0000000000000000": gone };
    const [ofRuns, ofSteps] = written.adapters;
    const ours = { ...written, adapters: [ofRuns, { ...ofSteps, kernels }] };
    writeFileSync(path, JSON.stringify(ours));
    const train = async (...more: string[]): Promise<{ stderr: string; losses: number[] }> => {
      const out = join(scratch(), "w.safetensors");
      const flags = [
        "--limit",
        "128",
        "--batch",
        "32",
        "--lr",
        "0.1",
        "-e",
        "2",
        "-o",
        out,
        "-f",
        "json",
        "-v",
      ];
      const { stdout, stderr } = await works(["train", file, ...flags, ...more, ...SOFTWARE]);
      return {
        stderr,
        losses: stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).loss),
      };
    };
    const tuned = await train();
    expect(tuned.stderr).toMatch(/\d kernels? as tuned for batches of 32 in /);
    expect(tuned.stderr).toContain(
      "not in this training, or not of this shape: gone; weft tune --train measures anew",
    );
    const plain = await train("--no-tune");
    expect(plain.stderr).not.toContain("tun");
    expect(tuned.losses).toHaveLength(2);
    for (const [i, loss] of tuned.losses.entries())
      expect(Math.abs(loss - (plain.losses[i] ?? Number.NaN))).toBeLessThan(1e-5);
    // Other optimisers have other updates.
    const other = await train("--optimizer", "adam");
    expect(other.stderr).toContain(
      "has nothing measured on this adapter in training with adam, with batches of about 32: weft tune --train --optimizer adam measures it",
    );
  });

  test("interrupted: what was not come to stays as it was, and the code is the signal's", async () => {
    const before = readFile();
    const listening = process.listenerCount("SIGINT");
    const running = weft(["tune", file, "--train", ...quick, "--budget", "60", ...SOFTWARE]);
    await vi.waitUntil(() => process.listenerCount("SIGINT") > listening, { timeout: PATIENCE, interval: 2 });
    process.emit("SIGINT", "SIGINT");
    const { code, stderr } = await running;
    expect(code).toBe(130);
    expect(stderr).toContain("once more stops at once");
    expect(process.listenerCount("SIGINT")).toBe(listening);
    const after = readFile();
    expect(after.adapters[0]).toEqual(before.adapters[0]);
    expect(after.adapters[1]?.kernels["0000000000000000"]).toEqual(gone);
  });
});

describe("mistakes end before a device is asked for", () => {
  const message = async (...args: string[]): Promise<string> =>
    (await fails(["tune", ...args, ...SOFTWARE])).trimEnd();

  test("flags of a training without --train", async () => {
    expect(await message(file, "--weight-decay", "0.1")).toBe(
      "error: --weight-decay goes with --train\n  try:  add --train, or leave out --weight-decay",
    );
    expect(await message(file, "--data-dir", "x")).toContain("--data-dir goes with --train");
  });

  test("a model that does not classify, more examples than there are, flags that exclude each other", async () => {
    const other = join(scratch(), "other.ts");
    writeFileSync(
      other,
      `import { input, model, N, relu } from "weftgpu";
const x = input("x", [N, 1, 28, 28]);
export default model("other", { x }, { y: relu(x) });
`,
    );
    expect(await message(other, "--train")).toContain(
      "labelled pictures need a model with one input and one output [N, classes]",
    );
    expect(await message(file, "--train", "--limit", "8", "--batch", "32")).toContain(
      "--batch 32 is larger than the 8 examples of synthetic",
    );
    expect(await message(file, "--train", "--clip-norm", "1", "--clip-value", "1")).toContain(
      "--clip-norm and --clip-value exclude each other",
    );
  });
});

test("a driver that does not come to an end is not waited for", async () => {
  const never = new Promise<number>(() => {});
  await expect(inTime(never, 20, "conv1")).rejects.toThrow(
    /^a schedule for conv1 has not been built after 0 s\n {2}rule: .*\n {2}try: {2}a smaller --budget/,
  );
  expect(await inTime(Promise.resolve(3), 20, "conv1")).toBe(3);
  const stop = new AbortController();
  const waiting = unlessStopped(never, stop.signal);
  stop.abort();
  expect(await waiting).toBeUndefined();
});

test("what a tuning has so far: measured kernels anew, the others as the file had them", async () => {
  const { graph } = await loadModel(file);
  const { step } = compileParts(graph, { optimizer: sgd({ lr: 1 }) });
  const subjects = subjectsOf(step);
  const [first, second] = subjects;
  const adapter: Adapter = {
    // Of GPUAdapterInfo, what is compared.
    info: { vendor: "v", architecture: "a", device: "d", description: "" } as GPUAdapterInfo,
    features: new Set<string>(),
  };
  const { vendor, architecture, device } = adapter.info;
  const key = { vendor, architecture, device, description: "", features: [] };
  const old: AdapterTuning = {
    ...key,
    target: "portable",
    batch: 8,
    training: "sgd",
    kernels: Object.fromEntries([...subjects.map((s) => s.key), "0000000000000000"].map((k) => [k, gone])),
  };
  const unused = (): never => {
    throw new Error("nothing runs here");
  };
  const job = { compilation: step, batch: 8, training: "sgd", open: unused, compare: unused } as const;
  const earlier: TuningFile = { format: "weft-tuning", version: 2, adapters: [old] };
  const book = new Book({ job, target: "portable", adapter, earlier, path });
  expect(book.entry).toEqual(old);
  const schedule = "thread per position, vector 2, workgroup 128";
  const times = { default: 3, tuned: 2, defaultBuild: 1, build: 1, tried: 4, rejected: [] };
  const found = (subject: typeof first, won: boolean): Found => ({
    subject: must(subject, "subject"),
    ...times,
    schedule: won ? schedule : undefined,
  });
  book.found.push(found(first, true), found(second, false));
  expect(book.entry.kernels[first?.key ?? ""]?.schedule).toEqual(schedule);
  expect(book.entry.kernels[second?.key ?? ""]).toBeUndefined(); // the compiler's own choice won
  expect(Object.keys(book.entry.kernels)).toHaveLength(subjects.length); // one won, one lost, one is gone
  expect(book.dropped).toEqual([]);
  for (const subject of subjects.slice(2)) book.found.push(found(subject, false));
  expect(Object.keys(book.entry.kernels)).toEqual([first?.key]);
  expect(book.dropped).toEqual(["gone"]);
});
