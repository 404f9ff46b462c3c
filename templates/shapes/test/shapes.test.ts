import { expect, test } from "vitest";
import { compile, targetFor } from "weftgpu";
import { loadModel } from "weftgpu/load";
import { requestDevice } from "weftgpu/node";
import { load } from "weftgpu/runtime";
import "./golden.ts";
import { draw, generator, SHAPES, SIDE } from "../src/draw.ts";

const file = "src/shapes.model.ts";

test("the kernels are as they were accepted", async () => {
  await expect(file).toMatchGolden("test/golden"); // npx vitest run -u accepts a change
});

test("the model gives a score for every shape", async () => {
  const { device } = await requestDevice({ wasm: true }); // a GPU, else WebAssembly
  const { program } = compile((await loadModel(file)).graph, { target: targetFor(device) });
  const session = await load(program, { device, seed: 0 });
  const random = generator(0);
  const pictures = SHAPES.flatMap((_, label) => [...draw(label, random)].map((byte) => byte / 255));
  expect(pictures).toHaveLength(4 * SIDE * SIDE);
  const { logits } = await session.run({ image: Float32Array.from(pictures) });
  expect(logits?.shape).toEqual([4, 4]);
  expect(new Set(logits?.data).size).toBe(16); // no two pictures look the same to it
  session.destroy();
  device.destroy();
});
