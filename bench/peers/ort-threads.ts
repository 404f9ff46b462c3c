/** ONNX Runtime Web on the CPU: WebAssembly with SIMD, a thread for each core, in a page that is isolated. */
import * as ort from "onnxruntime-web/wasm";
import { packageFile, packageFolder, serve } from "./host.ts";
import { openOnnx } from "./onnx.ts";

await serve(async (task) => {
  ort.env.wasm.wasmBinary = await packageFile("onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
  // Its workers load this file, which must not be the bundle.
  ort.env.wasm.wasmPaths = {
    mjs: new URL(packageFolder("onnxruntime-web/dist/ort-wasm-simd-threaded.mjs"), location.href).href,
  };
  ort.env.wasm.numThreads = navigator.hardwareConcurrency;
  return openOnnx(ort, { executionProviders: ["wasm"] }, task);
});
