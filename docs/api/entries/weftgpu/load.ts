/**
 * Loads a model file with the names of its variables: `loadModel`.
 *
 * @module
 */
export * from "../../../../compiler/frontend/index.ts";
