/**
 * Runs programs that have sizes besides N, made by `dim`, or read where whole numbers say, in a page and in Node: `load`.
 *
 * @module
 */
export * from "../../../../runtime/sized.ts";
