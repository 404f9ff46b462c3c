/** The model language: everything a model file imports from "weftgpu". */
export { type Arithmetic, add, div, type Extremum, max, min, mul, pow, sub } from "./arithmetic.ts";
export { ModelError } from "./build.ts";
export {
  type ConvOptions,
  type Convolution,
  conv1d,
  conv2d,
  conv3d,
  corr2d,
  type LinearOptions,
  linear,
  matmul,
} from "./convolution.ts";
export { defineOp, type OpDefinition, type OpOptions, type UserOp, type ValueContext } from "./define.ts";
export { type DimOptions, dim } from "./dim.ts";
export type { AxisPosition, Elements, Position, Value } from "./expression.ts";
export { type EmbeddingOptions, embedding, gather } from "./gather.ts";
export { pipe, residual, sequential } from "./layer.ts";
export { concat, flatten, type PadOptions, pad, reshape, transpose } from "./layout.ts";
export { isModel, type Model, type ModelOptions, model } from "./model.ts";
export {
  constant,
  type Initializer,
  type InputOptions,
  input,
  kaimingNormal,
  kaimingUniform,
  ones,
  param,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./params.ts";
export {
  abs,
  type BatchNorm2dOptions,
  batchNorm2d,
  clip,
  dropout,
  type Elementwise,
  elu,
  exp,
  gelu,
  hardSigmoid,
  hardSwish,
  layerNorm,
  leakyRelu,
  log,
  logSoftmax,
  neg,
  relu,
  relu6,
  sigmoid,
  silu,
  softmax,
  sqrt,
  tanh,
} from "./pointwise.ts";
export {
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type GlobalPooling,
  globalAvgPool1d,
  globalAvgPool2d,
  globalAvgPool3d,
  globalMaxPool1d,
  globalMaxPool2d,
  globalMaxPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type Pooling,
  type PoolOptions,
} from "./pooling.ts";
export { mean, type ReduceOptions, sum } from "./reduce.ts";
export { type SliceOptions, type SplitOptions, slice, split } from "./slice.ts";
export type { Tensor } from "./tensor.ts";
export type { Layer, LayerType } from "./types/layer.ts";
export { type Dim, N, type Shape, type Size } from "./types/shape.ts";
