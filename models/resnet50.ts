// ResNet-50 (He et al. 2015, "Deep residual learning for image recognition"), with torchvision's sizes: the middle
// convolution of a block has the stride ("ResNet v1.5").
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

// A bottleneck: 1×1 to few channels, 3×3 on them, 1×1 to four times as many.
const body = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(
    conv2d({ out: width, kernel: 1, ...plain }),
    batchNorm2d(),
    relu(),
    conv2d({ out: width, kernel: 3, stride, padding: 1, ...plain }),
    batchNorm2d(),
    relu(),
    conv2d({ out, kernel: 1, ...plain }),
    batchNorm2d(),
  );

// The first block of a stage changes the shape, so its shortcut does too.
const first = <W extends number, O extends number, S extends number>(width: W, out: O, stride: S) =>
  sequential(
    residual(
      body(width, out, stride),
      sequential(conv2d({ out, kernel: 1, stride, ...plain }), batchNorm2d()),
    ),
    relu(),
  );
const block = <W extends number, O extends number>(width: W, out: O) =>
  sequential(residual(body(width, out, 1)), relu());

const stem = sequential(
  conv2d({ out: 64, kernel: 7, stride: 2, padding: 3, ...plain }),
  batchNorm2d(),
  relu(),
  maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
);
const stage1 = sequential(first(64, 256, 1), block(64, 256), block(64, 256)); //       [N, 256, 56, 56]
const stage2 = sequential(first(128, 512, 2), block(128, 512), block(128, 512), block(128, 512)); // [N, 512, 28, 28]
const stage3 = sequential(
  first(256, 1024, 2),
  block(256, 1024),
  block(256, 1024),
  block(256, 1024),
  block(256, 1024),
  block(256, 1024),
); // [N, 1024, 14, 14]
const stage4 = sequential(first(512, 2048, 2), block(512, 2048), block(512, 2048)); // [N, 2048, 7, 7]
const head = sequential(globalAvgPool2d(), flatten(), linear({ out: 1000 }));

/** From pictures of any size to the scores of ImageNet's 1000 classes. */
export const resnet50 = sequential(stem, stage1, stage2, stage3, stage4, head);

const image = input("image", [N, 3, 224, 224]);
export default model("resnet50", { image }, { logits: resnet50(image) }, { classes: 1000 });
