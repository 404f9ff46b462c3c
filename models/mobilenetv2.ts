// MobileNetV2 (Sandler et al. 2018, "Inverted residuals and linear bottlenecks"), with torchvision's sizes.
import {
  batchNorm2d,
  conv2d,
  dropout,
  flatten,
  globalAvgPool2d,
  input,
  kaimingNormal,
  linear,
  model,
  N,
  relu6,
  residual,
  sequential,
} from "weftgpu";

const plain = { bias: false, init: kaimingNormal() } as const; // batch normalisation has a bias of its own

// A filter for each channel alone, then a mix of the channels.
const separable = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(
    conv2d({ out: width, kernel: 3, stride, padding: 1, groups: width, ...plain }),
    batchNorm2d(),
    relu6(),
    conv2d({ out, kernel: 1, ...plain }),
    batchNorm2d(),
  );

// The same on more channels: the block is wide in its middle, and no activation follows its narrow end.
const block = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(
    conv2d({ out: width, kernel: 1, ...plain }),
    batchNorm2d(),
    relu6(),
    separable(width, out, stride),
  );
const again = <W extends number, O extends number>(width: W, out: O) => residual(block(width, out, 1));

const stem = sequential(
  conv2d({ out: 32, kernel: 3, stride: 2, padding: 1, ...plain }), // [N, 32, 112, 112]
  batchNorm2d(),
  relu6(),
);
const stage1 = separable(32, 16, 1);
const stage2 = sequential(block(96, 24, 2), again(144, 24)); //                                      [N, 24, 56, 56]
const stage3 = sequential(block(144, 32, 2), again(192, 32), again(192, 32)); //                     [N, 32, 28, 28]
const stage4 = sequential(block(192, 64, 2), again(384, 64), again(384, 64), again(384, 64)); //     [N, 64, 14, 14]
const stage5 = sequential(block(384, 96, 1), again(576, 96), again(576, 96)); //                     [N, 96, 14, 14]
const stage6 = sequential(block(576, 160, 2), again(960, 160), again(960, 160)); //                  [N, 160, 7, 7]
const stage7 = block(960, 320, 1); //                                                                [N, 320, 7, 7]
const mix = sequential(conv2d({ out: 1280, kernel: 1, ...plain }), batchNorm2d(), relu6());
const head = sequential(globalAvgPool2d(), flatten(), dropout({ p: 0.2 }), linear({ out: 1000 }));

/** From pictures of any size to the scores of ImageNet's 1000 classes. */
export const mobilenetv2 = sequential(
  stem,
  stage1,
  stage2,
  stage3,
  stage4,
  stage5,
  stage6,
  stage7,
  mix,
  head,
);

const image = input("image", [N, 3, 224, 224]);
export default model("mobilenetv2", { image }, { logits: mobilenetv2(image) }, { classes: 1000 });
