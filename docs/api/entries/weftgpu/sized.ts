/**
 * Runs programs whose tensors have sizes besides N, made by `dim`, in a page and in Node: `load`.
 *
 * @module
 */
export * from "../../../../runtime/sized.ts";
