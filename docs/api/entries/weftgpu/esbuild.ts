/**
 * The esbuild plugin.
 *
 * @module
 */
export * from "../../../../compiler/emit/esbuild.ts";
