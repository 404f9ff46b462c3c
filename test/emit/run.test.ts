/** What is emitted computes what the compiler's own program computes, to the bit, on the same adapter. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { emit } from "../../compiler/emit/index.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { load, type Session } from "../../runtime/index.ts";
import type { OpenedDevice } from "../../runtime/node/index.ts";
import { packed } from "../../runtime/quantised.ts";
import { usualDevice } from "../adapter.ts";
import { hostile, NASTY } from "./models.ts";

let base = "";
let opened: OpenedDevice;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "weft-run-"));
  opened = await usualDevice();
});
afterAll(() => {
  opened?.device.destroy();
  rmSync(base, { recursive: true, force: true });
});

interface Bundle {
  load(weights: Uint8Array | undefined, device: GPUDevice): Promise<Session>;
}

/** Numbers from 0 to 1 that are not too regular. */
function numbers(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) / 2 + 0.5);
}

/** The outputs of the program itself, of the bundle and of the typed module. */
async function outputs(
  compilation: Compilation,
  inputs: Record<string, Float32Array>,
  weights?: Uint8Array,
): Promise<readonly Record<string, { data: ArrayLike<number>; shape: readonly number[] }>[]> {
  const { device } = opened;
  const { folder, files } = await emit(compilation, mkdtempSync(join(base, "out-")));
  const named = (suffix: RegExp): string =>
    pathToFileURL(join(folder, files.find((f) => suffix.test(f)) ?? "")).href;
  const own = await load(...packed(compilation.program, { device, ...(weights && { weights }) }));
  const bundle: Bundle = await import(/* @vite-ignore */ named(/\.bundle\.js$/));
  const module: Bundle = await import(/* @vite-ignore */ named(/^[^.]+\.js$/));
  const sessions = [own, await bundle.load(weights, device), await module.load(weights, device)];
  return Promise.all(sessions.map((s) => s.run(inputs)));
}

test.each([undefined, "i4"] as const)(
  "LeNet, its trained weights, a batch of three, %s",
  async (quantise) => {
    const path = fileURLToPath(new URL("../../models/lenet.ts", import.meta.url));
    const weights = readFileSync(path.replace(/\.ts$/, ".fashion-mnist.safetensors"));
    const { graph } = await loadModel(path);
    const [own, bundle, module] = await outputs(
      compile(graph, quantise ? { quantise } : {}),
      { image: numbers(3 * 784) },
      weights,
    );
    expect(own?.["logits"]?.shape).toEqual([3, 10]);
    expect(bundle).toEqual(own);
    expect(module).toEqual(own);
  },
);

test("a model whose names are nasty, with initial weights", async () => {
  const [own, bundle, module] = await outputs(compile(hostile()), { [`${NASTY}image`]: numbers(64) });
  expect(Object.keys(own ?? {})).toEqual([`${NASTY}scores`]);
  expect(bundle).toEqual(own);
  expect(module).toEqual(own);
});
