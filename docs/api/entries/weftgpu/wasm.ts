/**
 * Runs programs that are for WebAssembly where there is no GPU: `wasmDevice`.
 *
 * @module
 */
export * from "../../../../runtime/wasm/index.ts";
