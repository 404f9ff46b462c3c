/** onnxruntime-node: native code on the CPU, the oracle of the benchmark. */
import * as ort from "onnxruntime-node";
import { openOnnx } from "./onnx.ts";
import { serve } from "./serve.ts";

await serve(ort.env.versions.node ?? "", (task) =>
  openOnnx(ort, task.file("model.onnx"), { executionProviders: ["cpu"], logSeverityLevel: 3 }, task),
);
