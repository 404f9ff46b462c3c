/** `weft profile`: what it measures and derives, as text, JSON, picture and trace; what it refuses. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { profileOf, quantile } from "../../cli/profile/profile.ts";
import { workOf } from "../../cli/profile/work.ts";
import { compile } from "../../compiler/compile.ts";
import resnet18 from "../../models/resnet18.ts";
import { fails, root, scratch, weft, weftProcess, works } from "./weft.ts";

const lenet = join(root, "models/lenet.ts");

test("LeNet on the software adapter: table, picture and trace", async () => {
  const folder = scratch();
  const [svg, trace] = [join(folder, "lenet.svg"), join(folder, "lenet.json")];
  const args = ["profile", lenet, "--runs", "3", "--warmup", "1", "--adapter", "software"];
  const { stdout } = await works([...args, "--svg", svg, "--trace", trace], weftProcess);
  expect(stdout).toMatch(/^lenet, N = 1, on SwiftShader/);
  // Where a machine is so busy that the spread takes more digits, the name is shortened: `…nv1 → pool1`.
  expect(stdout).toMatch(/^\S*nv1 → pool1 +8 +[\d.]+ +\d+% +\d+% +[\d.]+ +\d+% +[\d.]+ +\d+% +[\d.]+ [cm]$/m);
  expect(stdout).toMatch(/by the adapter's own clock|by the wall clock/);
  expect(stdout.replace(/\s+/g, " ")).toContain("median of 3 runs after 1 for warm-up");
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);

  const picture = readFileSync(svg, "utf8");
  expect(picture).toMatch(/^<svg [^>]*>/);
  expect(picture.match(/<title>/g)).toHaveLength(6 + (picture.match(/#e3e6ea/g)?.length ?? 0) - 1);

  const { traceEvents }: { traceEvents: Record<string, unknown>[] } = JSON.parse(readFileSync(trace, "utf8"));
  const complete = traceEvents.filter((e) => e["ph"] === "X");
  expect(complete.filter((e) => e["cat"] === "kernel")).toHaveLength(15);
  expect(complete.filter((e) => e["cat"] === "run")).toHaveLength(3);
  let end = 0;
  for (const e of complete.filter((x) => x["cat"] === "kernel")) {
    expect(e).toMatchObject({
      name: expect.any(String),
      pid: 1,
      tid: 2,
      args: { layers: expect.any(Array) },
    });
    expect(Number(e["ts"])).toBeGreaterThanOrEqual(end - 1e-3);
    expect(Number(e["dur"])).toBeGreaterThanOrEqual(0);
    end = Number(e["ts"]) + Number(e["dur"]);
  }
});

test("as JSON, by the wall clock", async () => {
  const args = ["profile", lenet, "--batch", "2", "--runs", "2", "--warmup", "0", "--wall", "-f", "json"];
  const { stdout } = await works([...args, "--adapter", "software"]);
  const profile = JSON.parse(stdout);
  expect(profile).toMatchObject({ model: "lenet", batch: 2, clock: "wall", runs: 2, warmup: 0 });
  expect(profile.kernels).toHaveLength(5);
  for (const kernel of profile.kernels) {
    expect(kernel.fastest).toBeLessThanOrEqual(kernel.milliseconds);
    expect(kernel.milliseconds).toBeLessThanOrEqual(kernel.slowest);
  }
  const shares: number[] = profile.kernels.map((k: { share: number }) => k.share);
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1);
  expect(profile.kernels[4].at).toMatch(/lenet\.ts:16:\d+$/);
});

test("work is counted from the model", () => {
  const compilation = compile(resnet18.graph);
  const work = workOf(compilation, 2);
  const conv = work[0];
  // conv1: 64·112·112 positions · 3·7·7 taps, a multiply-add being two; scale and shift of the norm, and relu.
  const positions = 2 * 64 * 112 * 112;
  expect(conv?.flops).toBe(positions * (2 * 147 + 3));
  expect(conv?.bytes).toBe(4 * (2 * 3 * 224 * 224 + 64 * 147 + 2 * 64 + positions));
  expect(work).toHaveLength(compilation.program.dispatches.length);
});

test("rates, shares and the roofline, by hand", () => {
  const work = [
    { kernel: "a", layers: ["a"], at: undefined, flops: 8e6, bytes: 1e3 },
    { kernel: "b", layers: ["b"], at: undefined, flops: 0, bytes: 4e6 },
  ];
  const measured = { times: [3e6, 1e6, 2e6].map((t) => [t, 2e6]), whole: [5e6, 5e6, 5e6], build: 7 };
  const peaks = { flops: 8e9, bandwidth: 4e9 };
  const facts = { model: "m", batch: 1, adapter: "x", clock: "wall", warmup: 0 } as const;
  const { kernels, total } = profileOf({ ...facts, work, measured, peaks });
  expect(kernels[0]).toMatchObject({
    milliseconds: 2,
    fastest: 1,
    slowest: 3,
    share: 0.5,
    gflops: 4,
    ofFlops: 0.5,
    predicted: 1,
    bound: "compute",
  });
  expect(kernels[0]?.spread).toBeCloseTo(0.8);
  expect(kernels[1]).toMatchObject({ gbytes: 2, ofBandwidth: 0.5, predicted: 1, bound: "memory", gflops: 0 });
  expect(total).toMatchObject({ milliseconds: 4, wholeRun: 5, predicted: 2, build: 7 });
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
});

test("what is wrong is said before anything runs", async () => {
  expect(await fails(["profile", join(root, "none.ts")])).toContain("no such file");
  expect(await fails(["profile", lenet, "--runs", "0"])).toContain(
    "It must be a whole number of at least 1.",
  );
  expect(await fails(["profile", lenet, "--batch", "x"])).toContain("--batch");
  const folder = scratch();
  expect(await fails(["profile", lenet, "--trace", folder])).toContain("it is a folder");
  expect(await fails(["profile", lenet, "--svg", "/proc/none/x.svg"])).toContain(
    "cannot write to the folder",
  );
  expect(statSync(folder).isDirectory()).toBe(true);
  const { code, stdout } = await weft(["profile", "--help"]);
  expect({ code, names: stdout.includes("--trace") }).toEqual({ code: 0, names: true });
});
