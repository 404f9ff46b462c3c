// `npm start`: the command at work on LeNet. Each step is a command line that can be typed as well.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "dist/cli.js");
if (!existsSync(cli)) {
  console.error("dist/ is missing: run `npm ci` or `npm run build` first");
  process.exit(1);
}

/** Runs the command and shows what it prints; false where it fails. */
function shown(title, args) {
  console.log(`\n${title}\n$ npx weft ${args.join(" ")}\n`);
  return spawnSync(process.execPath, [cli, ...args], { cwd: root, stdio: "inherit" }).status === 0;
}

function weft(title, args) {
  if (!shown(title, args)) process.exit(1);
}

/** What is used of the package, once it is known to be there. */
async function built() {
  const entries = ["index", "load", "node", "runtime", "wasm"].map((name) => import(`../dist/${name}.js`));
  return Object.assign({}, ...(await Promise.all(entries)));
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** The scores of the pictures, and milliseconds: to the first of them, from loading the program on, and of a run after that. */
async function measured(program, device, weights, image) {
  const begin = performance.now();
  const session = await load(program, { device, weights });
  const { logits } = await session.run({ image });
  const first = performance.now() - begin;
  const times = [];
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    await session.run({ image });
    times.push(performance.now() - start);
  }
  return { on: session.runsOn.text, first, later: median(times), logits };
}

const line = (kernels, { on, first, later }) =>
  `  ${kernels.padEnd(12)} first scores after ${first.toFixed(0).padStart(4)} ms, then ${later.toFixed(1).padStart(5)} ms a run, on ${on}`;

/** Scores that differ by less are the same to anyone who reads them. */
const CLOSE = 1e-3;

/** Says whether both have the same scores; ends with code 1 where they have not. */
function compare(wgsl, wasm) {
  const differences = wgsl.logits.data.map((score, i) => Math.abs(score - wasm.logits.data[i]));
  const most = Math.max(...differences);
  const size = Math.max(...wgsl.logits.data.map(Math.abs)).toFixed(1);
  const agree = most < CLOSE;
  console.log(
    `  ${differences.length} scores of up to ${size}: ${agree ? "they agree, and" : "they DO NOT AGREE, and"} differ by ${most.toExponential(0)} at most`,
  );
  if (!agree) process.exit(1);
}

const samples = readdirSync(join(root, "models/samples"))
  .filter((name) => name.endsWith(".png"))
  .map((name) => `models/samples/${name}`);
/** LeNet as one would build it today, and its weights: it knows all the pictures. The lecture's own takes a pullover for a shirt. */
const MODEL = "models/lenet-relu.ts";
const WEIGHTS = "models/lenet-relu.fashion-mnist.safetensors";
const run = ["run", MODEL, "--weights", WEIGHTS, "--classes", "fashion-mnist", "--input", ...samples];

console.log(`LeNet, the network of “Dive into Deep Learning”, chapter 7, “Convolutional Neural Networks”:
https://d2l.ai/chapter_convolutional-neural-networks/lenet.html`);
weft("1. The shape of every layer, and why", ["shapes", "models/lenet.ts"]);
weft("2. Its twelve layers are five kernels: what is fused into which, and what is not", [
  "compile",
  "models/lenet.ts",
  "--out",
  "dist/lenet",
]);
// A machine may have no adapter at all: WebAssembly it has.
const webgpu = shown(
  "3. With ReLU, max pooling and trained weights it looks at pictures: WGSL kernels, through WebGPU",
  [...run, "--device", "webgpu"],
);
if (!webgpu) weft("There is no WebGPU adapter: WebAssembly looks at them", [...run, "--device", "wasm"]);
console.log(
  `\n4. The same layers as kernels in WebAssembly, for where there is no GPU: ${samples.length} pictures\n`,
);
const { load, loadModel, compile, targetFor, requestDevice, readWeights, wasmDevice } = await built();
const { graph } = await loadModel(join(root, MODEL));
const weights = await readWeights(join(root, WEIGHTS));
const pictures = await Promise.all(
  samples.map((path) => sharp(join(root, path)).toColourspace("b-w").raw().toBuffer()),
);
const image = Float32Array.from(Buffer.concat(pictures), (byte) => byte / 255);
const adapter = webgpu && (await requestDevice());
const wgsl =
  adapter &&
  (await measured(
    compile(graph, { target: targetFor(adapter.device) }).program,
    adapter.device,
    weights,
    image,
  ));
const wasm = await measured(compile(graph, { target: "wasm" }).program, await wasmDevice(), weights, image);
if (wgsl) console.log(line("WGSL", { ...wgsl, on: adapter.adapter.name }));
console.log(line("WebAssembly", wasm));
if (wgsl) compare(wgsl, wasm);
console.log(`
Next
  To learn         npx weft studio models/lenet.ts --open    draw a picture, see what every layer makes of it; docs/lecture.md
  For a web page   npx weft init ../my-model                 a model, its training and a page, ready to change; docs/guide
  With a model     npx weft import model.onnx --out DIR      a model file and weights from PyTorch or ONNX; docs/guide/onnx.md`);
process.stdout.write("", () => process.exit(0)); // a WebGPU device may keep the process alive
