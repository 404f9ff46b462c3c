// The kernel [1, −1] is learned from one picture and its edges: ten steps down the gradient of the summed squared
// error. It starts where the lecture's run must have started, to go by its losses; a seed starts it elsewhere:
//
//   node scripts/run.mjs models/lecture/training/learn-kernel.ts [seed]
import { compileTraining, sgd } from "weftgpu";
import { requestDevice } from "weftgpu/node";
import { createTrainer, type Weights } from "weftgpu/train";
import kernel from "../learned-kernel.ts";

// Six rows of 1 1 0 0 0 0 1 1, and of 0 1 0 0 0 −1 0 where white meets black.
const images = Float32Array.from({ length: 6 * 8 }, (_, i) => (i % 8 < 2 || i % 8 > 5 ? 1 : 0));
const labels = Float32Array.from({ length: 6 * 7 }, (_, i) => [0, 1, 0, 0, 0, -1, 0][i % 7] ?? 0);

const training = compileTraining(kernel.graph, {
  loss: "squaredError",
  reduction: "sum",
  optimizer: sgd({ lr: 0.03 }),
  bytes: false, // pictures and labels are numbers, not bytes
});
const name = "conv2d1.weight";
const lecture: Weights = { [name]: { shape: [1, 1, 1, 2], data: Float32Array.of(0.368, -0.2034) } };
const [seed] = process.argv.slice(2);
const start = seed === undefined ? { weights: lecture } : { seed: Number(seed) };

const { device } = await requestDevice();
const trainer = await createTrainer(training, { ...start, device });
for await (const { epoch, loss } of trainer.fit({ images, labels }, { epochs: 10 }))
  if (epoch % 2 === 0) console.log(`iteration ${epoch}, loss ${loss.toFixed(3)}`);
const learned = Array.from(trainer.weights()[name]?.data ?? [], (w) => w.toFixed(4));
console.log(`kernel [${learned.join(", ")}]`);
trainer.destroy();
device.destroy();
