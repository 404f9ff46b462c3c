/** Every op, one definition each. */
import { adaptivePools } from "./adaptive.ts";
import { axes } from "./axes.ts";
import { batchNorms } from "./batchNorm.ts";
import { blocks } from "./blocks.ts";
import { contract } from "./contract.ts";
import { convolution } from "./convolution.ts";
import { transposed } from "./convTranspose.ts";
import { functions } from "./functions.ts";
import { gathers } from "./gather.ts";
import { localNorms } from "./localNorm.ts";
import { logic } from "./logic.ts";
import { norm } from "./norm.ts";
import { pointwise } from "./pointwise.ts";
import { recurrents } from "./recurrent.ts";
import { reductions } from "./reduce.ts";
import { resizing } from "./resize.ts";
import { scans } from "./scan.ts";
import { scatters } from "./scatter.ts";
import { shape } from "./shape.ts";
import { slices } from "./slice.ts";
import { triangles } from "./triangle.ts";
import { whole } from "./whole.ts";
import { window } from "./window.ts";

export const ops = {
  ...convolution,
  ...transposed,
  ...contract,
  ...window,
  ...adaptivePools,
  ...resizing,
  ...shape,
  ...slices,
  ...axes,
  ...triangles,
  ...blocks,
  ...gathers,
  ...whole,
  ...scatters,
  ...scans,
  ...recurrents,
  ...pointwise,
  ...functions,
  ...logic,
  ...reductions,
  ...batchNorms,
  ...norm,
  ...localNorms,
};
export type OpName = keyof typeof ops;

export type { AdaptivePoolOptions } from "./adaptive.ts";
export type {
  ExpandOptions,
  FlipOptions,
  RollOptions,
  SqueezeOptions,
  StackOptions,
  TileOptions,
  UnsqueezeOptions,
} from "./axes.ts";
export type { BatchNormOptions } from "./batchNorm.ts";
export type { BlockOptions } from "./blocks.ts";
export type { LinearAttrs, LinearOptions } from "./contract.ts";
export type { ConvAttrs, ConvOptions } from "./convolution.ts";
export type { ConvTransposeAttrs, ConvTransposeOptions } from "./convTranspose.ts";
export type { EmbeddingOptions, GatherOptions } from "./gather.ts";
export type { Padding, Sides } from "./geometry.ts";
export type { InitRequest } from "./init.ts";
export type { LocalResponseNormOptions, LpNormalizeOptions } from "./localNorm.ts";
export type { GroupNormOptions, InstanceNormOptions, LayerNormOptions } from "./norm.ts";
export type { PadMode, PadOptions } from "./pad.ts";
export type { RecurrentOptions } from "./recurrent.ts";
export type { ReduceOptions, SoftmaxOptions } from "./reduce.ts";
export type { Coordinates, ResizeMode, Rounding } from "./resample.ts";
export type { ResizeOptions } from "./resize.ts";
export type { CumsumOptions, EinsumOptions } from "./scan.ts";
export type { GatherNdOptions, Reduction, ScatterElementsOptions, ScatterNdOptions } from "./scatter.ts";
export type { ConcatOptions, ReshapeOptions, TransposeOptions } from "./shape.ts";
export { cuts, type SliceOptions, type SplitOptions } from "./slice.ts";
export type { TriangleOptions } from "./triangle.ts";
export type {
  CastOptions,
  ChosenOptions,
  GatherElementsOptions,
  OneHotOptions,
  PlaceOptions,
  RankingOptions,
} from "./whole.ts";
export type { AvgPoolOptions, LpPoolOptions, PoolAttrs, PoolOptions } from "./window.ts";
