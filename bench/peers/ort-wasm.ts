/** ONNX Runtime Web on the CPU: WebAssembly with SIMD, one thread. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as ort from "onnxruntime-web/wasm";
import { openOnnx } from "./onnx.ts";
import { serve } from "./serve.ts";

await serve(ort.env.versions.web ?? "", (task) => {
  ort.env.wasm.wasmBinary = readFileSync(
    createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"),
  );
  ort.env.wasm.numThreads = 1;
  const model = readFileSync(task.file("model.onnx"));
  return openOnnx(ort, model, { executionProviders: ["wasm"], logSeverityLevel: 3 }, task);
});
