// Runs a compiled LeNet on `navigator.gpu`, and prints the adapter; nothing where there is none.
//   own.mjs ROOT PROGRAM
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [root, program] = process.argv.slice(2);
const adapter = await globalThis.navigator?.gpu?.requestAdapter();
if (adapter) {
  const { load } = await import(pathToFileURL(join(root, "dist/runtime.js")).href);
  const weights = readFileSync(join(root, "models/lenet.fashion-mnist.safetensors"));
  const session = await load(JSON.parse(readFileSync(program, "utf8")), { weights });
  const { logits } = await session.run({ image: new Float32Array(2 * 784) });
  if (`${logits.shape}` !== "2,10" || !logits.data.every(Number.isFinite)) throw new Error(`${logits.data}`);
  session.destroy();
  console.log(adapter.info?.description || adapter.info?.vendor || "an adapter");
}
process.exit(0);
