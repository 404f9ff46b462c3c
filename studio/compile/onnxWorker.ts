/** The worker that imports an ONNX file: it lives for one. */
import { filesOf, importOnnx, inputsOf } from "../../compiler/onnx/index.ts";
import type { OnnxCalls } from "./protocol.ts";
import { answer } from "./rpc.ts";

const calls: OnnxCalls = {
  about(bytes) {
    const sizes = inputsOf(bytes).map(({ shape }) => shape);
    const batch = sizes.map(([first]) => first).find((size) => typeof size === "string");
    const open = sizes.flat().filter((size) => typeof size === "string" && size !== batch);
    return { open: [...new Set(open.map(String))], files: filesOf(bytes) };
  },
  load(name, bytes, dims, files) {
    const { source, weights, report } = importOnnx(bytes, { name, dims, files });
    return { source, weights, layers: report.layers, parameters: report.parameters };
  },
};

answer(calls);
