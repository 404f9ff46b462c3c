/**
 * The loader for webpack, Rspack and Turbopack (Next.js).
 *
 * @module
 */
export * from "../../../../compiler/emit/webpack.ts";
export { default } from "../../../../compiler/emit/webpack.ts";
