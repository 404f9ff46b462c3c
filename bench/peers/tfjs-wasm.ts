/** TensorFlow.js on the CPU, in WebAssembly. */
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { packageFolder, serve } from "./host.ts";
import { openTf } from "./tfjs.ts";

await serve(async (task) => {
  setWasmPaths(packageFolder("@tensorflow/tfjs-backend-wasm/wasm-out/"));
  if (!(await setBackend("wasm"))) throw new Error("TensorFlow.js refuses WebAssembly");
  return openTf(task);
});
