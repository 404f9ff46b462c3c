/**
 * Runs a compiled program on a GPUDevice, in a page and in Node: `load` and sessions.
 *
 * @module
 */
export * from "../../../../runtime/index.ts";
