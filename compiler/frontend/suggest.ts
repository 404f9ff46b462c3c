/** What to write in place of a name that Weft does not export: the nearest one, that of other frameworks, or an op of one's own. */
import { editDistance } from "./excerpt.ts";

/** Ops as PyTorch, Keras, NumPy and ONNX call them; in small letters. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  averagepool2d: "avgPool2d",
  batchnorm: "batchNorm2d",
  batchnormalization: "batchNorm2d",
  bmm: "matmul",
  cat: "concat",
  clamp: "clip",
  concatenate: "concat",
  conv: "conv2d",
  dense: "linear",
  divide: "div",
  fullyconnected: "linear",
  gemm: "linear",
  globalaveragepool: "globalAvgPool2d",
  hardtanh: "clip",
  interpolate: "upsample",
  layernormalization: "layerNorm",
  maxpool: "maxPool2d",
  avgpool: "avgPool2d",
  multiply: "mul",
  norm: "layerNorm",
  permute: "transpose",
  pixelshuffle: "depthToSpace",
  power: "pow",
  subtract: "sub",
  swish: "silu",
  upsampling2d: "upsample",
  view: "reshape",
};

/**
 * The text of what to try.
 * @param known what Weft exports
 */
export function suggestion(name: string, known: readonly string[]): string {
  const own = "an op of your own: defineOp({ name, shape, value })";
  const found = nearest(name, known);
  return found === undefined ? own : /^[a-z]/.test(found) ? `${found}, or ${own}` : found;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase();
  const [near] = known
    .map((k) => ({ k, distance: editDistance(plain, k.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  const elsewhere = Object.hasOwn(ELSEWHERE, plain) ? ELSEWHERE[plain] : undefined;
  // One letter off is a slip; a name of elsewhere is meant, whatever it resembles.
  if (near && (near.distance <= 1 || elsewhere === undefined)) return near.k;
  return elsewhere ?? known.find((k) => k.toLowerCase().startsWith(plain));
}
