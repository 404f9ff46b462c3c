// DenseNet-121 (Huang et al. 2016, "Densely connected convolutional networks"), with torchvision's sizes.
import {
  avgPool2d,
  batchNorm2d,
  concat,
  conv2d,
  flatten,
  globalAvgPool2d,
  input,
  kaimingNormal,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  sequential,
  type Tensor,
} from "weftgpu";

type Picture = Tensor<[N, number, number, number]>;

const plain = { bias: false, init: kaimingNormal() } as const; // batch normalisation has a bias of its own

// What a layer adds to the channels before it: 32 of its own. A function: each call has parameters of its own.
const grow = () =>
  sequential(
    batchNorm2d(),
    relu(),
    conv2d({ out: 128, kernel: 1, ...plain }),
    batchNorm2d(),
    relu(),
    conv2d({ out: 32, kernel: 3, padding: 1, ...plain }),
  );

function dense(x: Picture, layers: number): Picture {
  let all = x;
  for (let i = 0; i < layers; i++) {
    const more = concat([all, grow()(all)]);
    all = more;
  }
  return all;
}

// Between dense blocks: half the channels, half the picture.
const shrink = (out: number) =>
  sequential(batchNorm2d(), relu(), conv2d({ out, kernel: 1, ...plain }), avgPool2d({ kernel: 2 }));

const stem = sequential(
  conv2d({ out: 64, kernel: 7, stride: 2, padding: 3, ...plain }),
  batchNorm2d(),
  relu(),
  maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
);
const head = () => sequential(batchNorm2d(), relu(), globalAvgPool2d(), flatten(), linear({ out: 1000 }));

/** From pictures of any size to the scores of ImageNet's 1000 classes; `layers` of each dense block. */
export function densenet(
  image: Picture,
  layers: readonly [number, number, number, number],
): Tensor<[N, 1000]> {
  const block1 = dense(stem(image), layers[0]); //               [N, 256, 56, 56]
  const block2 = dense(shrink(128)(block1), layers[1]); //      [N, 512, 28, 28]
  const block3 = dense(shrink(256)(block2), layers[2]); //      [N, 1024, 14, 14]
  const block4 = dense(shrink(512)(block3), layers[3]); //      [N, 1024, 7, 7]
  return head()(block4);
}

const image = input("image", [N, 3, 224, 224]);
export default model(
  "densenet121",
  { image },
  { logits: densenet(image, [6, 12, 24, 16]) },
  { classes: 1000 },
);
