/**
 * Trains a compiled model, in a page and in Node: `createTrainer`.
 *
 * @module
 */
export * from "../../../../runtime/train.ts";
