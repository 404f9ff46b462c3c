// AlexNet (Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks"), as in torchvision.
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

export const features = sequential(
  conv2d({ out: 64, kernel: 11, stride: 4, padding: 2, init }), // [N, 64, 55, 55]
  relu(),
  maxPool2d({ kernel: 3, stride: 2 }), //                          [N, 64, 27, 27]
  conv2d({ out: 192, kernel: 5, padding: 2, init }),
  relu(),
  maxPool2d({ kernel: 3, stride: 2 }), //                          [N, 192, 13, 13]
  conv2d({ out: 384, kernel: 3, padding: 1, init }),
  relu(),
  conv2d({ out: 256, kernel: 3, padding: 1, init }),
  relu(),
  conv2d({ out: 256, kernel: 3, padding: 1, init }),
  relu(),
  maxPool2d({ kernel: 3, stride: 2 }), //                          [N, 256, 6, 6]
);

const classifier = sequential(
  flatten(),
  dropout(),
  linear({ out: 4096, init }),
  relu(),
  dropout(),
  linear({ out: 4096, init }),
  relu(),
  linear({ out: 1000, init }),
);

/** The scores of ImageNet's 1000 classes. */
export const alexnet = sequential(features, classifier);

const image = input("image", [N, 3, 224, 224]);
export default model("alexnet", { image }, { logits: alexnet(image) }, { classes: 1000 });
