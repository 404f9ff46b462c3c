/** The model language: everything a model file imports from "weftgpu". */
export {
  type Arithmetic,
  add,
  div,
  type Extremum,
  fmod,
  max,
  min,
  mod,
  mul,
  pow,
  prelu,
  sub,
} from "./arithmetic.ts";
export {
  type BlockOptions,
  depthToSpace,
  expand,
  flip,
  type RollOptions,
  roll,
  spaceToDepth,
  squeeze,
  stack,
  tile,
  unsqueeze,
} from "./axes.ts";
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
export {
  type ConvTransposeOptions,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  type TransposedConvolution,
} from "./convTranspose.ts";
export { defineOp, type OpDefinition, type OpOptions, type UserOp, type ValueContext } from "./define.ts";
export { type DimOptions, dim } from "./dim.ts";
export type { AxisPosition, Elements, Position, Value } from "./expression.ts";
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  cos,
  cosh,
  erf,
  floor,
  reciprocal,
  round,
  sign,
  sin,
  sinh,
  tan,
} from "./functions.ts";
export { type EmbeddingOptions, embedding, gather } from "./gather.ts";
export { pipe, residual, sequential } from "./layer.ts";
export { concat, flatten, type PadOptions, pad, reshape, transpose } from "./layout.ts";
export {
  and,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  not,
  notEqual,
  or,
  where,
  xor,
} from "./logic.ts";
export { isModel, type Model, type ModelOptions, model } from "./model.ts";
export {
  type BatchNormalisation,
  type BatchNormOptions,
  batchNorm1d,
  batchNorm2d,
  batchNorm3d,
  type GroupNormOptions,
  groupNorm,
  type InstanceNormOptions,
  instanceNorm,
  type LayerNormOptions,
  type LocalResponseNormOptions,
  type LpNormalizeOptions,
  layerNorm,
  localResponseNorm,
  lpNormalize,
  type RmsNormOptions,
  rmsNorm,
  type ShapedWith,
} from "./norm.ts";
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
  celu,
  clip,
  dropout,
  type Elementwise,
  elu,
  exp,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  log,
  logSoftmax,
  mish,
  neg,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  sqrt,
  tanh,
  thresholdedRelu,
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
export { logSumExp, mean, prod, type ReduceOptions, sum } from "./reduce.ts";
export { type ResizeOptions, resize, type UpsampleOptions, upsample } from "./resize.ts";
export { type SliceOptions, type SplitOptions, slice, split } from "./slice.ts";
export type { Tensor } from "./tensor.ts";
export type { Layer, LayerType } from "./types/layer.ts";
export { type Dim, N, type Shape, type Size } from "./types/shape.ts";
export {
  argmax,
  argmin,
  cast,
  cumsum,
  einsum,
  gatherElements,
  type OneHotOptions,
  oneHot,
  type PlaceOptions,
  ranking,
  type TopKOptions,
  topK,
} from "./whole.ts";
