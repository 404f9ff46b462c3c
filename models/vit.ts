// A small vision transformer (Dosovitskiy et al. 2020, "An image is worth 16×16 words"), of the size of ViT-Ti/16.
// Its classes come from the mean of all patches instead of a token of their own (Beyer et al. 2022).
import {
  add,
  conv2d,
  gelu,
  input,
  layerNorm,
  linear,
  matmul,
  mean,
  model,
  mul,
  N,
  param,
  reshape,
  residual,
  sequential,
  softmax,
  type Tensor,
  transpose,
  uniform,
} from "weftgpu";

const width = 192;
const heads = 3;
const depth = 12;

type Tokens = Tensor<[N, number, number]>;

// Every patch looks at every other: softmax(q·kᵀ/√d)·v, for each head on its share of the features.
function attention(x: Tokens): Tokens {
  const [, count] = x.shape;
  const split = (t: Tokens): Tensor<[N, number, number, number]> =>
    transpose(reshape(t, [N, count, heads, width / heads]), [0, 2, 1, 3]);
  const q = split(linear(x, { out: width }));
  const k = split(linear(x, { out: width }));
  const v = split(linear(x, { out: width }));
  const weights = softmax(mul(matmul(q, transpose(k)), 1 / Math.sqrt(width / heads)));
  const mixed = reshape(transpose(matmul(weights, v), [0, 2, 1, 3]), [N, count, width]);
  return linear(mixed, { out: width });
}

// A function: each block has parameters of its own.
const mlp = () =>
  sequential(layerNorm({ eps: 1e-6 }), linear({ out: 4 * width }), gelu(), linear({ out: width }));

function block(x: Tokens): Tokens {
  const seen = add(x, attention(layerNorm(x, { eps: 1e-6 })));
  return residual(mlp())(seen);
}

/** From pictures, whose sides are multiples of 16, to the scores of ImageNet's 1000 classes. */
export function vit(image: Tensor<[N, number, number, number]>): Tensor<[N, number]> {
  const patches = conv2d(image, { out: width, kernel: 16, stride: 16 }); //   [N, 192, 14, 14]
  const words: Tokens = transpose(reshape(patches, [N, width, -1]), [0, 2, 1]); // [N, 196, 192]
  const places = param("places", [words.shape[1], width], uniform(-0.02, 0.02));
  let tokens: Tokens = add(words, places);
  for (let i = 0; i < depth; i++) tokens = block(tokens);
  return linear(mean(layerNorm(tokens, { eps: 1e-6 }), { axis: 1 }), { out: 1000 });
}

const image = input("image", [N, 3, 224, 224]);
export default model("vit", { image }, { logits: vit(image) }, { classes: 1000 });
