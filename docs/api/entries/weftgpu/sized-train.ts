/**
 * Trains models whose tensors have sizes besides N, made by `dim`: `createTrainer`.
 *
 * @module
 */
export * from "../../../../runtime/sizedTrain.ts";
