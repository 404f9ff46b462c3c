/** What is emitted of a program with sizes: a bundle that serves all of them, and types that say so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile, dim, embedding, input, linear, mean, model, N } from "weftgpu";
import { type Emitted, emit } from "../../compiler/emit/index.ts";
import { load, type SizedSession } from "../../runtime/sized.ts";
import { typeErrors } from "../emit/typeErrors.ts";
import { interpreter } from "../wgsl/device.ts";

const T = dim("T", { max: 6 });
const tokens = input("tokens", [N, T], { dtype: "i32" });
const words = embedding(tokens, { count: 10, size: 4 });
const { graph } = model("words", { tokens }, { words, scores: linear(mean(words, { axis: 1 }), { out: 3 }) });
const compiled = compile(graph);

let folder = "";
let emitted: Emitted;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-sized-"));
  emitted = await emit(compiled, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  load(weights: undefined, device: GPUDevice): Promise<SizedSession>;
}

test.each(["words.bundle.js", "words.js"])("%s serves every T and N, as weftgpu/sized does", async (name) => {
  const made: Made = await import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
  const session = await made.load(undefined, interpreter());
  const own = await load(compiled.program, { device: interpreter() });
  for (const shape of [
    [1, 3],
    [3, 6],
    [2, 1],
  ] as const) {
    const data = Int32Array.from({ length: shape[0] * shape[1] }, (_, i) => (i * 7) % 10);
    const result = await session.run({ tokens: { shape, data } });
    expect(result["words"]?.shape).toEqual([...shape, 4]);
    expect(result).toEqual(await own.run({ tokens: { shape, data } }));
  }
});

test("its types want shapes of whole numbers, and give T back", () => {
  const types = readFileSync(join(folder, "words.d.ts"), "utf8");
  expect(types).toContain("readonly tokens: Tensor<readonly [N: number, T: number], Int32Array>;");
  expect(types).toContain("readonly words: Tensor<readonly [N: number, T: number, d2: 4]>;");
  expect(types).toContain("T is what the shapes say, from 1 to 6.");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, "use.mts"),
    `import { load } from "./words.bundle.js";
const session = await load();
const { words } = await session.run({ tokens: { shape: [2, 3], data: new Int32Array(6) } });
export const [n, t, four]: readonly [number, number, 4] = words.shape;
session.run({ tokens: new Int32Array(6) });
session.run({ tokens: { shape: [2, 3], data: new Float32Array(6) } });
session.run({ tokens: { shape: [6], data: new Int32Array(6) } });
`,
  );
  const lines = typeErrors(join(folder, "use.mts")).matchAll(/use\.mts\((\d+)/g);
  expect([...lines].map(([, line]) => Number(line))).toEqual([5, 6, 7]);
});

test("a bundle has what sizes need only where there are some", async () => {
  const x = input("x", [N, 4]);
  const { graph: fixed } = model("fixed", { x }, { y: linear(x, { out: 3 }) });
  const ids = input("ids", [N, 4], { dtype: "i32" });
  const looked = compile(model("looked", { ids }, { y: embedding(ids, { count: 5, size: 2 }) }).graph);
  const reading = await emit(looked, join(folder, "looked"));
  expect(readFileSync(join(reading.folder, "looked.bundle.js"), "utf8")).toContain("it says where to read");
  const plain = await emit(compile(fixed), join(folder, "fixed"));
  const text = readFileSync(join(plain.folder, "fixed.bundle.js"), "utf8");
  expect(text).not.toMatch(/but an input before it|it says where to read/);
  expect(readFileSync(join(folder, "words.bundle.js"), "utf8")).toContain("but an input before it");
  expect(emitted.bundle.gzip).toBeLessThanOrEqual(9_500);
  expect(readFileSync(join(folder, "words.bundle.js"), "utf8")).not.toContain("usesBatch:!0"); // packed
});
