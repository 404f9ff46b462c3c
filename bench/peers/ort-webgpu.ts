/** ONNX Runtime Web, its WebGPU execution provider. */
import * as ort from "onnxruntime-web/webgpu";
import { packageFile, serve } from "./host.ts";
import { openOnnx } from "./onnx.ts";
import { installWebGpu } from "./webgpu.ts";

await serve(async (task) => {
  installWebGpu();
  ort.env.wasm.wasmBinary = await packageFile("onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm");
  ort.env.wasm.numThreads = 1;
  return openOnnx(ort, { executionProviders: ["webgpu"] }, task);
});
