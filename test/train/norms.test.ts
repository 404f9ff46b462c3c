/** Training through norms along axes. */
import { expect, test } from "vitest";
import * as weft from "weftgpu";
import { createTrainer } from "weftgpu/train";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { collect } from "./runtime.ts";

test("the slope of a norm of zeros is 0", async () => {
  const x = weft.input("x", [weft.N, 3]);
  const y = weft.l2(weft.mul(x, weft.param("p", [3], weft.zeros())), { axis: 1, keepDims: true });
  const { graph } = weft.model("m", { x }, { y });
  const options = {
    optimizer: weft.sgd({ lr: 0.1 }),
    loss: "squaredError",
    bytes: false,
    target: "wasm",
  } as const;
  const device = await wasmDevice({ threads: 1 });
  const trainer = await createTrainer(weft.compileTraining(graph, options), { device });
  await collect(trainer.fit({ x: Float32Array.of(1, 2, 3), labels: Float32Array.of(1) }, { batch: 1 }));
  expect(Array.from(trainer.weights()["p"]?.data ?? [])).toEqual([0, 0, 0]);
  trainer.destroy();
  device.destroy();
});
