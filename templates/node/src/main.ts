// Runs the trained model on shapes that it has not seen, on a GPU or in WebAssembly.
import { existsSync } from "node:fs";
import { compile, targetFor } from "weftgpu";
import { loadModel } from "weftgpu/load";
import { readWeights, requestDevice } from "weftgpu/node";
import { load } from "weftgpu/runtime";
import { draw, generator, SHAPES, SIDE } from "./draw.ts";

const file = "{{weights}}";
if (!existsSync(file)) {
  console.error(`there are no weights yet: npm run train makes ${file}`);
  process.exit(1);
}

const { graph } = await loadModel("src/shapes.model.ts");
const { device, note } = await requestDevice({ wasm: true }); // a GPU, else WebAssembly
if (note) console.log(note);

const { program } = compile(graph, { target: targetFor(device) }); // the kernels that suit this device
const session = await load(program, { device, weights: await readWeights(file) });

const random = generator(Number(process.argv[2] ?? Date.now()));
const pictures = SHAPES.map((_, label) => draw(label, random));
const image = Float32Array.from(
  pictures.flatMap((picture) => [...picture]),
  (byte) => byte / 255,
);
const { logits } = await session.run({ image }); // [4, 4]: of each picture a score for every shape

for (const [i, picture] of pictures.entries()) {
  const scores = [...(logits?.data ?? [])].slice(i * SHAPES.length, (i + 1) * SHAPES.length);
  const answer = SHAPES[scores.indexOf(Math.max(...scores))];
  for (let y = 0; y < SIDE; y += 2) {
    const row = [...picture.subarray(y * SIDE, (y + 1) * SIDE)];
    console.log(
      row
        .map((byte) => (byte > 160 ? "█" : byte > 60 ? "▒" : " "))
        .join("")
        .trimEnd(),
    );
  }
  console.log(`a ${SHAPES[i]}; the model says ${answer}\n`);
}
session.destroy();
device.destroy();
