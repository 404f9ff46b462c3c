/** Targets: what is compiled for whom, and that the answers are the same. */
import { afterAll, describe, expect, test } from "vitest";
import { conv2d, input, linear, model, N, targetFor } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

const adapter = (isFallbackAdapter: boolean, ...features: string[]) => ({
  features: new Set(features),
  info: { isFallbackAdapter },
});

describe("targetFor", () => {
  test.each([
    ["a CPU adapter with subgroups", adapter(true, "subgroups"), "quads"],
    ["a CPU adapter without", adapter(true), "portable"],
    ["a GPU", adapter(false, "subgroups"), "portable"],
  ] as const)("%s", (_, facts, target) => {
    expect(targetFor(facts)).toBe(target);
  });
});

describe("LeNet", () => {
  test("portable code needs no feature", () => {
    const { program } = compile(lenet.graph);
    expect(program.features).toBeUndefined();
    expect(program.kernels.map((k) => k.wgsl).join()).not.toMatch(/subgroups|quad/);
  });

  test("for quads, the convolutions fetch their weights together, and the program says what it needs", () => {
    const { program, steps } = compile(lenet.graph, { target: "quads" });
    expect(program.features).toEqual(["subgroups"]);
    const [first] = steps;
    expect(first?.schedule).toMatchObject({ quads: { factor: "rhs", lanes: 2 } });
    const [kernel] = program.kernels;
    expect(kernel?.wgsl).toMatch(/\nenable subgroups;\n/);
    expect(kernel?.wgsl).toMatch(/= quadBroadcast\(weight\d+, 3\);/);
    expect(kernel?.wgsl).not.toMatch(/\{ return; \}/); // a quad stays whole
  });
});

/** Sizes at which quads are filled up, tiles are moved back, and N is no multiple of a tile. */
test.each([1, 3, 7])("both targets agree where nothing divides, batch %i", async (batch) => {
  const x = input("x", [N, 3, 11, 13]);
  const v = input("v", [N, 37]);
  const y = conv2d(x, { out: 10, kernel: 3, padding: 1, stride: 2 });
  const { graph } = model("odd", { x, v }, { y, z: linear(v, { out: 19 }) });
  const { inputs, params } = dataFor(graph, batch, 1, 1);
  const [portable, quads] = [
    await runWeft(graph, inputs, params),
    await runWeft(graph, inputs, params, { target: "quads" }),
  ];
  for (const name of ["y", "z"]) {
    const [a, b] = [portable[name]?.data ?? [], quads[name]?.data ?? []];
    expect(a.length).toBeGreaterThan(0);
    for (const [i, value] of Array.from(a).entries()) expect(b[i]).toBeCloseTo(value, 5);
  }
});
