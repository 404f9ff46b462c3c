/** `weft tune`, and the commands that use what it wrote. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { conv2d, input, model, N, relu } from "weftgpu";
import { deviation } from "../../cli/tuning/search.ts";
import { subjectsOf } from "../../cli/tuning/subjects.ts";
import { tuningKey } from "../../compiler/assemble/identity.ts";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { TuningFile } from "../../contract/tuning.ts";
import { fails, scratch, weft, works } from "../cli/weft.ts";

/** The software adapter of npm, whatever driver is installed. */
const SOFTWARE = ["--adapter", "software"];
for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) vi.stubEnv(name, undefined);
afterAll(() => vi.unstubAllEnvs());

const MODEL = `import { conv2d, flatten, input, linear, model, N, relu } from "weftgpu";
const x = input("x", [N, 2, 8, 8]);
const a = relu(conv2d(x, { out: 8, kernel: 3, padding: 1 }));
export default model("small", { x }, { y: linear(flatten(a), { out: 10 }) });
`;

function modelFile(): string {
  const file = join(scratch(), "small.ts");
  writeFileSync(file, MODEL);
  return file;
}

const readFile = (path: string): TuningFile => JSON.parse(readFileSync(path, "utf8"));

test("measures, writes the winners beside the model, and weft run uses them", async () => {
  const file = modelFile();
  const path = file.replace(".ts", ".tune.json");
  const { stdout } = await works(["tune", file, "--batch", "64", "--budget", "2", "-f", "json", ...SOFTWARE]);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ model: "small", batch: 64, rejected: [], dropped: [] });
  expect(report.adapter).toMatch(/^SwiftShader/);
  expect(report.kernels.map((k: { layers: string[] }) => k.layers)).toEqual([
    ["a/conv2d → a"],
    ["y/flatten → y"],
  ]);
  for (const k of report.kernels) {
    expect(k.tried).toBeGreaterThan(0);
    expect(k.tuned).toBeLessThanOrEqual(k.default);
  }
  const written = readFile(path);
  const [adapter] = written.adapters;
  expect(adapter?.description).toMatch(/SwiftShader/);
  const winners = report.kernels.filter((k: { schedule: unknown }) => k.schedule !== null);
  expect(Object.values(adapter?.kernels ?? {}).map((k) => k.schedule)).toEqual(
    expect.arrayContaining(winners.map((k: { schedule: unknown }) => k.schedule)),
  );

  // Whatever won on this machine: a schedule of ours shows that the file is used, one kernel that no model has is named.
  const { graph } = await loadModel(file);
  const { steps, storages } = compile(graph);
  const key = steps[0] && tuningKey(steps[0].kernel, storages);
  const entry = { layers: "a", kernel: "", default: 2, tuned: 1, defaultBuild: 1, build: 1 };
  const schedule = "register tile 1×4×1×1, workgroup 16";
  const kernels = {
    [key ?? ""]: { ...entry, schedule },
    "0000000000000000": { ...entry, layers: "gone", schedule },
  };
  writeFileSync(path, JSON.stringify({ ...written, adapters: [{ ...adapter, batch: 1, kernels }] }));
  const profiled = await works(["profile", file, "--runs", "1", "--warmup", "0", "-v", ...SOFTWARE]);
  expect(profiled.stderr).toContain("1 kernel as tuned for batches of 1 in");
  expect(profiled.stderr).toContain("not in this model, or not of this shape: gone; weft tune measures anew");
  const plain = await works([
    "profile",
    file,
    "--runs",
    "1",
    "--warmup",
    "0",
    "-v",
    "--no-tune",
    ...SOFTWARE,
  ]);
  expect(plain.stderr).not.toContain("tun");

  // Measured again, the kernel that is gone is taken out; other adapters stay.
  const other = { ...adapter, vendor: "apple", kernels: {} };
  writeFileSync(path, JSON.stringify({ ...written, adapters: [{ ...adapter, batch: 1, kernels }, other] }));
  const again = await works(["tune", file, "--budget", "1", ...SOFTWARE]);
  expect(again.stdout).toMatch(/^small, N = 1, on SwiftShader/);
  expect(again.stdout).toContain("no longer in the model, and taken out: gone");
  expect(
    readFile(path)
      .adapters.map((a) => a.vendor)
      .toSorted(),
  ).toEqual([adapter?.vendor, "apple"].toSorted());
  for (const line of again.stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("a file that is none is not written over, and --out names another", async () => {
  const file = modelFile();
  writeFileSync(file.replace(".ts", ".tune.json"), "{}");
  expect(await fails(["tune", file, ...SOFTWARE])).toContain(
    'is no tuning file: its "format" is not "weft-tuning"',
  );
  expect(await fails(["profile", file, ...SOFTWARE])).toContain("or use --no-tune");
  expect(await fails(["tune", file, "--out", scratch(), ...SOFTWARE])).toMatch(
    /cannot read .*: it is a directory/,
  );
  expect((await weft(["tune", file, "--budget", "0"])).stderr).toContain("whole number of at least 1");
  expect(existsSync(join(scratch(), "small.tune.json"))).toBe(false);
});

describe("numbers of two schedules", () => {
  const want = Float32Array.of(1, -2, 0.5);
  test.each([
    ["the same", [1, -2, 0.5], 1, undefined],
    ["rounded otherwise", [1.00001, -2, 0.5], 1, undefined],
    ["off", [1.001, -2, 0.5], 1, "element 0 is 1.00"],
    ["off by less than a long sum may be", [1.0001, -2, 0.5], 10_000, undefined],
    ["no number", [1, Number.NaN, 0.5], 1, "element 1 is NaN, the default's -2"],
  ] as const)("%s", (_, got, terms, message) => {
    const found = deviation(Float32Array.from(got), want, terms);
    if (message === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(message);
  });
});

test("dispatches of one kernel are measured together", () => {
  const x = input("x", [N, 4, 6, 6]);
  const block = (t: typeof x) => relu(conv2d(t, { out: 4, kernel: 3, padding: 1 }));
  const subjects = subjectsOf(compile(model("deep", { x }, { y: block(block(block(x))) }).graph));
  expect(subjects.map((s) => s.layers)).toEqual([["conv2d1 → relu1", "conv2d2 → relu2", "conv2d3 → relu3"]]);
});
