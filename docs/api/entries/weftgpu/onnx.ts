/**
 * ONNX files as models: `importOnnx`.
 *
 * @module
 */
export * from "../../../../compiler/onnx/index.ts";
