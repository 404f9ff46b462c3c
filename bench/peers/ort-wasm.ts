/** ONNX Runtime Web on the CPU: WebAssembly with SIMD, one thread. */
import * as ort from "onnxruntime-web/wasm";
import { packageFile, serve } from "./host.ts";
import { openOnnx } from "./onnx.ts";

await serve(async (task) => {
  ort.env.wasm.wasmBinary = await packageFile("onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
  ort.env.wasm.numThreads = 1;
  return openOnnx(ort, { executionProviders: ["wasm"] }, task);
});
