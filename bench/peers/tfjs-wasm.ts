/** TensorFlow.js on the CPU, in WebAssembly. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend, version_core } from "@tensorflow/tfjs-core";
import { serve } from "./serve.ts";
import { openTf } from "./tfjs.ts";

await serve(version_core, async (task) => {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  if (!(await setBackend("wasm"))) throw new Error("TensorFlow.js refuses WebAssembly");
  return openTf(task);
});
