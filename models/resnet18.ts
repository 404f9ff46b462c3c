// ResNet-18 (He et al. 2015, "Deep residual learning for image recognition"), with torchvision's sizes.
import {
  batchNorm2d,
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
  residual,
  sequential,
} from "weftgpu";

const plain = { bias: false, init: kaimingNormal() } as const; // batch normalisation has a bias of its own
const conv3x3 = { kernel: 3, padding: 1, ...plain } as const;

// Two 3×3 convolutions, to whose result the block's input is added.
const block = <O extends number>(out: O) =>
  sequential(
    residual(
      sequential(
        conv2d({ out, ...conv3x3 }),
        batchNorm2d(),
        relu(),
        conv2d({ out, ...conv3x3 }),
        batchNorm2d(),
      ),
    ),
    relu(),
  );

// The first block of a stage halves the picture; so does its shortcut.
const down = <O extends number>(out: O) =>
  sequential(
    residual(
      sequential(
        conv2d({ out, stride: 2, ...conv3x3 }),
        batchNorm2d(),
        relu(),
        conv2d({ out, ...conv3x3 }),
        batchNorm2d(),
      ),
      sequential(conv2d({ out, kernel: 1, stride: 2, ...plain }), batchNorm2d()),
    ),
    relu(),
  );

const stem = sequential(
  conv2d({ out: 64, kernel: 7, stride: 2, padding: 3, ...plain }),
  batchNorm2d(),
  relu(),
  maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
);
const stage1 = sequential(block(64), block(64)); //   [N, 64, 56, 56]
const stage2 = sequential(down(128), block(128)); // [N, 128, 28, 28]
const stage3 = sequential(down(256), block(256)); // [N, 256, 14, 14]
const stage4 = sequential(down(512), block(512)); // [N, 512, 7, 7]
const head = sequential(globalAvgPool2d(), flatten(), linear({ out: 1000 }));

/** From pictures of any size to the scores of ImageNet's 1000 classes. */
export const resnet18 = sequential(stem, stage1, stage2, stage3, stage4, head);

const image = input("image", [N, 3, 224, 224]);
export default model("resnet18", { image }, { logits: resnet18(image) }, { classes: 1000 });
