/** The file beside a model: what is read, refused, merged and written. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Adapter,
  adapterKey,
  merged,
  perAdapter,
  readTuning,
  tuningFor,
  tuningPath,
  tuningText,
} from "../../compiler/emit/tuning.ts";
import { targets } from "../../compiler/strategies/target.ts";
import type { AdapterTuning, TunedKernel } from "../../contract/tuning.ts";
import { scratch } from "../cli/weft.ts";

const kernel: TunedKernel = {
  layers: "conv1 → pool1",
  kernel: "n<N c<6 h<14 w<14 | kh<5 kw<5",
  schedule: "register tile 1×6×1×2, unroll 1×5, workgroup 64",
  default: 8,
  tuned: 4,
  defaultBuild: 100,
  build: 120,
};
const lavapipe: AdapterTuning = {
  vendor: "mesa",
  architecture: "software",
  device: "llvmpipe",
  description: "llvmpipe: Mesa 25",
  features: ["subgroups"],
  target: "quads",
  batch: 256,
  kernels: {
    b: kernel,
    a: { ...kernel, layers: "conv2", schedule: "thread per position, vector 4, workgroup 32" },
  },
};
const adapter = (info: Partial<Omit<AdapterTuning, "kernels">>, features: readonly string[]): Adapter => ({
  // Of GPUAdapterInfo, what is compared.
  info: {
    vendor: "mesa",
    architecture: "software",
    device: "llvmpipe",
    description: "",
    ...info,
  } as GPUAdapterInfo,
  features: new Set(features),
});

test("the file's name", () => {
  expect(tuningPath("models/lenet.ts")).toBe("models/lenet.tune.json");
  expect(tuningPath("a.b.mjs")).toBe("a.b.tune.json");
});

test("is written in one order, a kernel a line, and read back the same", async () => {
  const file = merged(undefined, lavapipe);
  const text = tuningText(file);
  expect(text.split("\n").slice(3, 14)).toEqual([
    '  "adapters": [',
    "    {",
    '      "vendor": "mesa",',
    '      "architecture": "software",',
    '      "device": "llvmpipe",',
    '      "description": "llvmpipe: Mesa 25",',
    '      "features": ["subgroups"],',
    '      "target": "quads",',
    '      "batch": 256,',
    '      "kernels": {',
    expect.stringMatching(/^ {8}"a": \{"layers":"conv2",/),
  ]);
  const path = join(scratch(), "m.tune.json");
  writeFileSync(path, text);
  const back = await readTuning(path);
  expect(back).toEqual(file);
  expect(back && tuningText(back)).toBe(text);
  expect(tuningText({ ...file, adapters: [] })).toBe(
    '{\n  "format": "weft-tuning",\n  "version": 2,\n  "adapters": []\n}\n',
  );
});

test("other adapters stay, the same one is replaced", () => {
  const other = { ...lavapipe, vendor: "apple", architecture: "metal-3", device: "", description: "" };
  const both = merged(merged(undefined, lavapipe), other);
  expect(both.adapters.map((a) => a.vendor)).toEqual(["apple", "mesa"]);
  const again = merged(both, { ...lavapipe, kernels: {} });
  expect(again.adapters).toEqual([other, { ...lavapipe, kernels: {} }]);
  expect(merged(merged(undefined, other), lavapipe)).toEqual(both);
});

describe("the adapter", () => {
  const file = merged(undefined, lavapipe);
  test.each([
    ["the same", {}, ["subgroups", "shader-f16"], true],
    ["one whose page hides the names", { device: "", description: "" }, ["subgroups"], true],
    ["another driver", { description: "llvmpipe: Mesa 26" }, ["subgroups"], false],
    ["another vendor", { vendor: "google" }, ["subgroups"], false],
    ["one that lacks a feature", {}, [], false],
    [
      "one that says nothing",
      { vendor: "", architecture: "", device: "", description: "" },
      ["subgroups"],
      false,
    ],
  ] as const)("%s", (_, info, features, matches) => {
    expect(tuningFor(file, adapter(info, features), 100) === lavapipe).toBe(matches);
  });

  test("of several batches the nearest, and none that is far", () => {
    const small = { ...lavapipe, batch: 1, kernels: {} };
    const both = merged(file, small);
    expect(both.adapters).toEqual([small, lavapipe]);
    const found = (batch: number) => tuningFor(both, adapter({}, ["subgroups"]), batch)?.batch;
    expect([1, 4, 15, 17, 300, 4096, 5000].map(found)).toEqual([1, 1, 1, 256, 256, 256, undefined]);
    expect(perAdapter(both, 4)).toEqual([small]);
    expect(perAdapter(both, 100)).toEqual([lavapipe]);
    expect(perAdapter(merged(both, { ...small, vendor: "apple" }), 4)).toHaveLength(2);
  });

  test("its key", () => {
    expect(adapterKey(adapter({ description: "x" }, ["timestamp-query", "shader-f16", "subgroups"]))).toEqual(
      {
        vendor: "mesa",
        architecture: "software",
        device: "llvmpipe",
        description: "x",
        features: ["subgroups", "shader-f16"],
      },
    );
  });
});

describe("is refused", () => {
  const good = JSON.stringify(merged(undefined, lavapipe));
  const at = 'adapters[0].kernels["b"]';
  const wrong: readonly (readonly [why: string, text: string])[] = [
    ['its "format" is not "weft-tuning"', "[]"],
    ['its "format" is not "weft-tuning"', '{"format":"weft-program","version":1}'],
    ['"adapters" is no list', '{"format":"weft-tuning","version":2}'],
    ["adapters[0] is no object", '{"format":"weft-tuning","version":2,"adapters":[1]}'],
    ["adapters[0].vendor is no text", good.replace('"vendor":"mesa"', '"vendor":1')],
    [`adapters[0].target is none of ${Object.keys(targets).join(", ")}`, good.replace(`"quads"`, `"tpu"`)],
    ["adapters[0].features is no list of names", good.replace('["subgroups"]', "[1]")],
    [`${at}.layers is no text`, good.replace('"conv1 → pool1"', "[]")],
    ["adapters[0].batch is no whole number of at least 1", good.replace('"batch":256', '"batch":"256"')],
    [`${at}.build is no number`, good.replace('"build":120', '"build":"120"')],
    [`${at}.schedule is no text`, good.replace(/"register tile.*?"/, "null")],
    [
      `${at}.schedule is of no strategy, or says what this one does not decide: "regster tile 1×6×1×2, unroll 1×5, workgroup 64"`,
      good.replace("register", "regster"),
    ],
    [
      `${at}.schedule is of no strategy, or says what this one does not decide: "register tile 1×6×1×2, vector 4, workgroup 64"`,
      good.replace("unroll 1×5", "vector 4"),
    ],
  ];
  test.each(wrong)("where %s", async (why, text) => {
    const path = join(scratch(), "m.tune.json");
    writeFileSync(path, text);
    await expect(readTuning(path)).rejects.toThrow(
      `${path} is no tuning file: ${why}
  rule: \`weft tune\` writes {"format": "weft-tuning", "version": 2, "adapters": […]}
  try:  delete it and measure anew with weft tune, or use --no-tune`,
    );
  });

  test("where it is of another version, no JSON, or a folder", async () => {
    const folder = scratch();
    const path = join(folder, "m.tune.json");
    writeFileSync(path, '{"format":"weft-tuning","version":1}');
    await expect(readTuning(path)).rejects.toThrow(
      `${path} is a tuning of version 1\n  rule: this Weft reads version 2\n  try:  update Weft, or measure anew: weft tune`,
    );
    writeFileSync(path, "{");
    await expect(readTuning(path)).rejects.toThrow(`${path} is no tuning file: it is no JSON: `);
    mkdirSync(join(folder, "d"));
    await expect(readTuning(join(folder, "d"))).rejects.toThrow(/^cannot read .*: it is a directory$/m);
    expect(await readTuning(join(folder, "none"))).toBeUndefined();
  });
});
