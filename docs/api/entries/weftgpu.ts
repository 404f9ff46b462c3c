/**
 * The model language and the compiler: all that a model file imports, and `compile`.
 *
 * @module
 */
export * from "../../../compiler/index.ts";
