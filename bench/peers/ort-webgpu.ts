/** ONNX Runtime Web, its WebGPU execution provider. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as ort from "onnxruntime-web/webgpu";
import { installWebGpu } from "./dawn.ts";
import { openOnnx } from "./onnx.ts";
import { serve } from "./serve.ts";

await serve(ort.env.versions.web ?? "", (task) => {
  installWebGpu();
  const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm");
  ort.env.wasm.wasmBinary = readFileSync(wasm);
  ort.env.wasm.numThreads = 1;
  const model = readFileSync(task.file("model.onnx"));
  return openOnnx(ort, model, { executionProviders: ["webgpu"], logSeverityLevel: 3 }, task);
});
