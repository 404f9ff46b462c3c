/** The first layer whose values are not finite is named, with its line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import * as weft from "weftgpu";
import { input, model, N } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import { checkFinite } from "../../runtime/index.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { fails, works } from "../cli/weft.ts";
import { closeDevice, device } from "../oracle/weft.ts";
import { addition, chain, withWgsl } from "../runtime/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-finite-"));
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await closeDevice();
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe("checkFinite", () => {
  const x = input("x", [N, 4]);
  const squared = weft.mul(x, x);
  const program = compile(
    model("squares", { x }, { y: weft.sum(weft.relu(squared), { axis: 1 }), z: weft.linear(x, { out: 3 }) })
      .graph,
  ).program;

  test("gives nothing where all is finite, whatever was in the buffers", async () => {
    const on = await device();
    expect(await checkFinite(program, { x: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, { device: on })).toBe(
      undefined,
    );
    expect(await checkFinite(chain, { x: new Float32Array(25) }, { device: on })).toBe(undefined);
  });

  test("names the kernel that makes the first infinity of finite numbers", async () => {
    const found = await checkFinite(
      program,
      { x: Float32Array.of(1, 2, 1e30, 4) },
      { device: await device() },
    );
    expect(found).toMatchObject({ in: "kernel", count: 1, value: Infinity });
    expect(found?.layers).toContain("sum1");
  });

  test("names the input that was not finite before", async () => {
    const found = await checkFinite(
      program,
      { x: Float32Array.of(1, Number.NaN, 3, -Infinity) },
      { device: await device() },
    );
    expect(found).toEqual({ in: "input", name: "x", layers: [], count: 2, value: Number.NaN });
  });

  test("reads values that are stored as f16", async () => {
    const { device: on } = await requestDevice({ features: ["shader-f16"] });
    if (on.features.has("shader-f16")) {
      const [kernel] = addition.kernels;
      if (!kernel) throw new Error("no kernel");
      const bindings = kernel.bindings.map((b) => (b.name === "y" ? { ...b, storage: "f16" as const } : b));
      const halves = withWgsl(
        { ...addition, kernels: [{ ...kernel, bindings }] },
        (wgsl) =>
          `enable f16;\nalias Half = f16;\n${wgsl.replace("y: array<f32>", "y: array<Half>").replace("y[i] = a[i] + b[i]", "y[i] = f16(a[i]) * f16(b[i])")}`,
      );
      const b = Float32Array.of(4, 5, 6);
      expect(await checkFinite(halves, { a: b, b }, { device: on })).toBe(undefined);
      const found = await checkFinite(halves, { a: Float32Array.of(1, 60000, -60000), b }, { device: on });
      expect(found).toEqual({
        in: "kernel",
        name: "add",
        buffer: 2,
        layers: ["layer0"],
        count: 2,
        value: Infinity,
      });
    }
    on.destroy();
  });

  test("checks inputs and weights as load does", async () => {
    const on = await device();
    await expect(checkFinite(program, { x: new Float32Array(3) }, { device: on })).rejects.toMatchObject({
      code: "input",
    });
    await expect(
      checkFinite(program, { x: new Float32Array(4) }, { device: on, weights: {} }),
    ).rejects.toMatchObject({
      code: "weights",
    });
  });
});

describe("weft run --check-finite", () => {
  const path = file(
    "grows.ts",
    `import { add, exp, input, model, mul, N, relu } from "weftgpu";

const x = input("x", [N, 4]);
const scaled = mul(x, 1000);
const grown = exp(scaled);
const shifted = add(relu(grown), 1);
export default model("grows", { x }, { shifted });
`,
  );

  test("names the layer within a kernel, and its line", async () => {
    const data = file("large.json", "[[0, 0.01, 1, -1], [0, 0, 0, 0]]");
    const message = await fails(["run", path, "-i", data, "--check-finite", "-a", "software", "-q"]);
    expect(message.replaceAll(folder, "")).toBe(
      `error: grown (/grows.ts:5:15): the first layer whose values are not finite: it gives 1 value that is NaN or infinite, first ∞
  rule: every input, every parameter and every layer before it is finite
  try:  look at the range of its operands; docs/numerics.md says for which an op is finite
`,
    );
  });

  test("says so where everything is finite, and goes on", async () => {
    const data = file("small.json", "[[0, 0.001, 0.002, -1]]");
    const { stdout, stderr } = await works(["run", path, "-i", data, "--check-finite", "-a", "software"]);
    expect(stderr).toContain("every value of every kernel is finite");
    expect(stdout).toContain("1 example in");
  });
});
