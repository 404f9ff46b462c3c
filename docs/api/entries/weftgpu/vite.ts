/**
 * The plugin for Vite, Rollup and Rolldown.
 *
 * @module
 */
export * from "../../../../compiler/emit/vite.ts";
