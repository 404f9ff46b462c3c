// VGG-11 (Simonyan & Zisserman 2014, "Very deep convolutional networks"), as in torchvision.
import {
  conv2d,
  dropout,
  flatten,
  input,
  kaimingUniform,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  sequential,
} from "weftgpu";

const init = kaimingUniform();
const conv = <O extends number>(out: O) => sequential(conv2d({ out, kernel: 3, padding: 1, init }), relu());
const halve = maxPool2d({ kernel: 2 });

export const features = sequential(
  sequential(conv(64), halve), //             [N, 64, 112, 112]
  sequential(conv(128), halve), //            [N, 128, 56, 56]
  sequential(conv(256), conv(256), halve), // [N, 256, 28, 28]
  sequential(conv(512), conv(512), halve), // [N, 512, 14, 14]
  sequential(conv(512), conv(512), halve), // [N, 512, 7, 7]
);

const classifier = sequential(
  flatten(),
  linear({ out: 4096, init }),
  relu(),
  dropout(),
  linear({ out: 4096, init }),
  relu(),
  dropout(),
  linear({ out: 1000, init }),
);

/** The scores of ImageNet's 1000 classes. */
export const vgg11 = sequential(features, classifier);

const image = input("image", [N, 3, 224, 224]);
export default model("vgg11", { image }, { logits: vgg11(image) }, { classes: 1000 });
