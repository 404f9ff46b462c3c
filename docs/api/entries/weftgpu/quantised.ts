/**
 * Quantises the weights of programs that want them so: `packed`.
 *
 * @module
 */
export * from "../../../../runtime/quantised.ts";
