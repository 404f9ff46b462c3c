// GoogLeNet (Szegedy et al. 2014, "Going deeper with convolutions"), as torchvision has it: with batch normalisation,
// 3×3 filters where the paper has 5×5 ones, and here without the auxiliary classifiers, which only training uses.
import {
  batchNorm2d,
  concat,
  conv2d,
  dropout,
  flatten,
  globalAvgPool2d,
  input,
  kaimingNormal,
  linear,
  maxPool2d,
  model,
  N,
  pipe,
  relu,
  sequential,
  type Tensor,
} from "weftgpu";

type Picture = Tensor<[N, number, number, number]>;

const conv = (out: number, kernel: number, stride = 1) =>
  sequential(
    conv2d({ out, kernel, stride, padding: (kernel - 1) / 2, bias: false, init: kaimingNormal() }),
    batchNorm2d({ eps: 1e-3 }),
    relu(),
  );
const halve = maxPool2d({ kernel: 3, stride: 2, ceilMode: true });
const last = maxPool2d({ kernel: 2, ceilMode: true });

// Four views of the same picture, side by side: `[a, b]` is a 1×1 convolution to a channels, then a 3×3 one to b.
export function inception(
  x: Picture,
  one: number,
  [narrow3, three]: [number, number],
  [narrow5, five]: [number, number],
  pooled: number,
): Picture {
  const branch1 = conv(one, 1)(x);
  const branch2 = pipe(x, conv(narrow3, 1), conv(three, 3));
  const branch3 = pipe(x, conv(narrow5, 1), conv(five, 3));
  const branch4 = pipe(x, maxPool2d({ kernel: 3, stride: 1, padding: 1 }), conv(pooled, 1));
  const joined = concat([branch1, branch2, branch3, branch4]);
  return joined;
}

/** From pictures of any size to the scores of ImageNet's 1000 classes. */
export function googlenet(image: Picture): Tensor<[N, 1000]> {
  const stem = pipe(image, conv(64, 7, 2), halve, conv(64, 1), conv(192, 3), halve); // [N, 192, 28, 28]
  const a3 = inception(stem, 64, [96, 128], [16, 32], 32);
  const b3 = inception(a3, 128, [128, 192], [32, 96], 64);
  const a4 = inception(halve(b3), 192, [96, 208], [16, 48], 64); //                     [N, 512, 14, 14]
  const b4 = inception(a4, 160, [112, 224], [24, 64], 64);
  const c4 = inception(b4, 128, [128, 256], [24, 64], 64);
  const d4 = inception(c4, 112, [144, 288], [32, 64], 64);
  const e4 = inception(d4, 256, [160, 320], [32, 128], 128);
  const a5 = inception(last(e4), 256, [160, 320], [32, 128], 128); //                  [N, 832, 7, 7]
  const b5 = inception(a5, 384, [192, 384], [48, 128], 128);
  return pipe(b5, globalAvgPool2d(), flatten(), dropout({ p: 0.2 }), linear({ out: 1000 }));
}

const image = input("image", [N, 3, 224, 224]);
export default model("googlenet", { image }, { logits: googlenet(image) }, { classes: 1000 });
