/** onnxruntime-node: native code on the CPU, the oracle of the benchmark. */
import * as ort from "onnxruntime-node";
import { serve } from "./host.ts";
import { openOnnx } from "./onnx.ts";

await serve((task) => openOnnx(ort, { executionProviders: ["cpu"] }, task));
