/** That kernels are being built is said: in a pipe once it takes a while, on a terminal at once and with the time. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildingText, startBuilding } from "../../cli/building.ts";
import { Live } from "../../cli/output/curveLive.ts";
import { createUi } from "../../cli/ui.ts";
import { compile } from "../../compiler/compile.ts";
import { compileTraining, sgd } from "../../compiler/train/index.ts";
import lenet from "../../models/lenet.ts";
import { root, scratch, weft } from "./weft.ts";

const { program } = compile(lenet.graph);
let printed = "";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubEnv("NO_COLOR", "1");
  printed = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  Reflect.deleteProperty(process.stderr, "isTTY");
});

const said = { ui: createUi({}) };

test("counts kernels of the same text once, and each program's by itself", () => {
  expect(buildingText([program])).toBe("building 5 kernels");
  const { step, evaluate } = compileTraining(lenet.graph, { optimizer: sgd({ lr: 1 }) });
  const texts = (kernels: readonly { wgsl: string }[]): number => new Set(kernels.map((k) => k.wgsl)).size;
  const count = texts(step.kernels) + texts(evaluate.kernels);
  expect(buildingText([step, evaluate])).toBe(`building ${count} kernels`);
  expect(buildingText([{ ...program, kernels: [...program.kernels, ...program.kernels] }])).toBe(
    "building 5 kernels",
  );
});

test("in a pipe: one plain line where it takes longer than a moment, else none", () => {
  startBuilding([program], said)();
  vi.advanceTimersByTime(60_000);
  expect(printed).toBe("");
  const built = startBuilding([program], said);
  vi.advanceTimersByTime(60_000);
  expect(printed).toBe("building 5 kernels …\n");
  built();
});

test("on a terminal: at once, with the time, and gone afterwards", () => {
  process.stderr.isTTY = true;
  const built = startBuilding([program], said, { what: ", first step" });
  expect(printed).toContain("building 5 kernels, first step … 0s");
  vi.advanceTimersByTime(3000);
  expect(printed).toContain("building 5 kernels, first step … 3s");
  built();
  expect(printed.endsWith("\u001b[2K")).toBe(true);
  const { length } = printed;
  built();
  vi.advanceTimersByTime(3000);
  expect(printed).toHaveLength(length);
});

test("on a terminal: how many of them the device has built, until it is over", async () => {
  process.stderr.isTTY = true;
  const waiting: (() => void)[] = [];
  const device = {
    createComputePipelineAsync: () => new Promise((resolve) => waiting.push(() => resolve({}))),
  } as unknown as GPUDevice;
  const make = device.createComputePipelineAsync;
  const built = startBuilding([program], said, { device });
  const pipelines = [1, 2, 3].map(() => device.createComputePipelineAsync({} as never));
  for (const done of waiting.splice(0, 2)) done();
  await Promise.all(pipelines.slice(0, 2));
  vi.advanceTimersByTime(200);
  expect(printed).toContain("building 5 kernels, 2 done …");
  built();
  expect(device.createComputePipelineAsync).toBe(make);
});

test.each([true, false])("with --quiet nothing (terminal: %s)", (terminal) => {
  if (terminal) process.stderr.isTTY = true;
  startBuilding([program], { ui: createUi({ quiet: true }), quiet: true });
  vi.advanceTimersByTime(60_000);
  expect(printed).toBe("");
});

test.each(["step", "stop"] as const)("the %s of a training takes it away", (what) => {
  const live = new Live({ epochs: 1, rows: 10, format: "json", quiet: false, ui: said.ui });
  const begun = vi.fn();
  live.before(begun);
  expect(begun).not.toHaveBeenCalled();
  if (what === "step") live.step(1, 1, { loss: 1, trainAccuracy: 0 });
  else live.stop();
  expect(begun).toHaveBeenCalled();
});

test.each<[name: string, words: RegExp, flags: readonly string[]]>([
  ["run", /building 5 kernels … 0s/, ["-i", join(root, "models/samples/bag.png")]],
  [
    "train",
    /building \d+ kernels … 0s.*building \d+ kernels, first step … 0s/s,
    ["--limit", "50", "--epochs", "1", "--out", join(scratch(), "w.safetensors")],
  ],
])("weft %s says it", async (name, words, flags) => {
  vi.useRealTimers();
  process.stderr.isTTY = true;
  const { code, stderr } = await weft([
    name,
    join(root, "models/lenet.ts"),
    "--device",
    "software",
    ...flags,
  ]);
  expect(code).toBe(0);
  expect(stderr).toMatch(words);
});
