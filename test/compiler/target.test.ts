/** Targets: what is compiled for whom, and that the answers are the same. */
import { afterAll, describe, expect, test } from "vitest";
import { add, conv2d, flatten, input, linear, model, N, targetFor } from "weftgpu";
import { compile } from "../../compiler/compile.ts";
import lenet from "../../models/lenet.ts";
import { dataFor } from "../fuzz/data.ts";
import { closeDevice, runWeft } from "../oracle/weft.ts";

afterAll(closeDevice);

const adapter = (isFallbackAdapter: boolean, ...features: string[]) => ({
  features: new Set(features),
  info: { isFallbackAdapter },
});
const wide = { ...adapter(true, "subgroups"), info: { isFallbackAdapter: true, subgroupMinSize: 8 } };

const made = (vendor: string) => ({ ...adapter(false), info: { vendor, isFallbackAdapter: false } });

describe("targetFor", () => {
  test.each([
    ["a CPU adapter with subgroups", adapter(true, "subgroups"), "quads"],
    ["a CPU adapter with wider subgroups", wide, "octets"],
    ["a CPU adapter without", adapter(true), "portable"],
    ["a GPU", adapter(false, "subgroups"), "gpu"],
    ["a GPU whose maker is known", made("nvidia"), "nvidia"],
    ["one of another", made("qualcomm"), "adreno"],
    ["one of a maker that nobody knows", made("acme"), "gpu"],
    [
      "a CPU adapter of a maker",
      { ...adapter(true), info: { vendor: "nvidia", isFallbackAdapter: true } },
      "portable",
    ],
    ["an adapter that does not say", { features: new Set<string>(), info: {} }, "portable"],
  ] as const)("%s", (_, facts, target) => {
    expect(targetFor(facts)).toBe(target);
    const { features, info } = facts; // a device calls them so
    expect(targetFor({ features, adapterInfo: info })).toBe(target);
  });
});

describe("LeNet", () => {
  test("portable code needs no feature", () => {
    const { program } = compile(lenet.graph);
    expect(program.features).toBeUndefined();
    expect(program.kernels.map((k) => k.wgsl).join()).not.toMatch(/subgroups|quad/);
  });

  test("for quads, threads fetch for each other, and the program says what it needs", () => {
    const { program, steps } = compile(lenet.graph, { target: "quads" });
    expect(program.features).toEqual(["subgroups"]);
    const [, second] = steps;
    expect(second?.schedule).toMatchObject({ broadcast: { factor: "lhs", lanes: 1 } });
    const [, kernel] = program.kernels;
    expect(kernel?.wgsl).toMatch(/\nenable subgroups;\n/);
    expect(kernel?.wgsl).toMatch(/= quadBroadcast\(\w+\d+, 3\);/);
    expect(kernel?.wgsl).not.toMatch(/\{ return; \}/); // a quad stays whole
  });
});

test("loops whose length llvmpipe must not see are as long as before, whatever layers are called", async () => {
  const x = input("once", [N, 2, 9, 9]);
  const more = input("every", [N, 3]);
  const features = flatten(conv2d(x, { out: 4, kernel: 5 }));
  const { graph } = model("live", { x, more }, { live: add(linear(features, { out: 3 }), more) });
  const { program } = compile(graph, { target: "octets", typicalBatch: 1 });
  const text = program.kernels.map((k) => k.wgsl).join("\n");
  expect(text).toMatch(/let once = i32\(groups\.z\);/);
  expect(text).toMatch(/ < 5 \* once; /);
  const { inputs, params } = dataFor(graph, 3, 1, 1);
  const [portable, octets] = [
    await runWeft(graph, inputs, params),
    await runWeft(graph, inputs, params, { target: "octets", typicalBatch: 1 }),
  ];
  const [a, b] = [portable["live"]?.data ?? [], octets["live"]?.data ?? []];
  expect(a.length).toBe(9);
  for (const [i, value] of Array.from(a).entries()) expect(b[i]).toBeCloseTo(value, 5);
});

test("for a batch of 1, no thread of LeNet holds several examples; for 64 those of the dense layers do", () => {
  const tiles = (typicalBatch: number) =>
    compile(lenet.graph, { target: "quads", typicalBatch }).program.dispatches.map((d) => d.grid.batchTile);
  expect(tiles(1)).toEqual([1, 1, 1, 1, 1]);
  expect(tiles(64)).toEqual([1, 1, 4, 4, 4]);
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

test("on a CPU, few threads are spread over small workgroups; elsewhere they are not", () => {
  const sizes = (target: "portable" | "quads", typicalBatch: number) =>
    compile(lenet.graph, { target, typicalBatch }).program.kernels.map((k) => k.workgroup);
  expect(sizes("quads", 1)).toEqual([16, 16, 16, 16, 16]);
  expect(sizes("quads", 256).slice(0, 2)).toEqual([64, 64]);
  expect(new Set(sizes("portable", 1))).toEqual(new Set([64]));
});
