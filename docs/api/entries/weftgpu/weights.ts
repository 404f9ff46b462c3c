/**
 * Reads weights that other programs wrote, in any of safetensors' types: `readWeights`.
 *
 * @module
 */
export * from "../../../../runtime/weights.ts";
