// Trains the model and writes {{weights}}, which {{user}} and `weft run` take.
import { adam, compileTraining, targetFor } from "weftgpu";
import { loadModel } from "weftgpu/load";
import { requestDevice, writeWeights } from "weftgpu/node";
import { createTrainer } from "weftgpu/train";
import { examples } from "./draw.ts";

const { graph } = await loadModel("src/shapes.model.ts");
const { device, note } = await requestDevice({ wasm: true }); // a GPU, else WebAssembly
if (note) console.log(note);

const training = compileTraining(graph, {
  loss: "crossEntropy",
  optimizer: adam({ lr: 0.003 }),
  target: targetFor(device), // the kernels that suit this device
});
const trainer = await createTrainer(training, { device, seed: 0 });
for await (const { epoch, loss, testAccuracy } of trainer.fit(examples(1600, 1), {
  epochs: 6,
  batch: 100,
  test: examples(400, 2),
})) {
  const right = (100 * (testAccuracy ?? 0)).toFixed(1);
  console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}, ${right}% of the test shapes right`);
}

await writeWeights("{{weights}}", trainer.weights());
console.log("the weights are in {{weights}}; npm start {{next}}");
device.destroy();
