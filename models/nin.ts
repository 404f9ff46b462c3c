// Network in network (Lin et al. 2013), as in "Dive into Deep Learning", section 8.3: no dense layer, and a channel
// for each class instead.
import {
  conv2d,
  dropout,
  flatten,
  globalAvgPool2d,
  input,
  kaimingUniform,
  maxPool2d,
  model,
  N,
  relu,
  sequential,
} from "weftgpu";

const init = kaimingUniform();

// Two 1×1 convolutions are a small dense network at each place of the picture.
const mlp = <O extends number>(out: O) =>
  sequential(relu(), conv2d({ out, kernel: 1, init }), relu(), conv2d({ out, kernel: 1, init }), relu());
const shrink = maxPool2d({ kernel: 3, stride: 2 });

const block1 = sequential(conv2d({ out: 96, kernel: 11, stride: 4, init }), mlp(96)); //     [N, 96, 54, 54]
const block2 = sequential(conv2d({ out: 256, kernel: 5, padding: 2, init }), mlp(256)); //   [N, 256, 26, 26]
const block3 = sequential(conv2d({ out: 384, kernel: 3, padding: 1, init }), mlp(384)); //   [N, 384, 12, 12]
const block4 = sequential(conv2d({ out: 1000, kernel: 3, padding: 1, init }), mlp(1000)); // [N, 1000, 5, 5]

/** From pictures to the scores of ImageNet's 1000 classes. */
export const nin = sequential(
  block1,
  shrink,
  block2,
  shrink,
  block3,
  shrink,
  dropout(),
  block4,
  globalAvgPool2d(),
  flatten(),
);

const image = input("image", [N, 3, 224, 224]);
export default model("nin", { image }, { logits: nin(image) }, { classes: 1000 });
