// What LeNet has nothing of: a stride, groups, folded normalisation, a residual sum, a softmax.
import {
  add,
  batchNorm2d,
  conv2d,
  flatten,
  globalAvgPool2d,
  input,
  linear,
  maxPool2d,
  model,
  N,
  relu,
  relu6,
  softmax,
} from "weftgpu";

const image = input("image", [N, 3, 32, 32]);
const stem = relu(batchNorm2d(conv2d(image, { out: 8, kernel: 3, stride: 2, padding: 1, bias: false })));
const pooled = maxPool2d(stem, { kernel: 3, stride: 2, padding: 1 });

const depthwise = relu6(batchNorm2d(conv2d(pooled, { out: 8, kernel: 3, padding: "same", groups: 8 })));
const pointwise = conv2d(depthwise, { out: 8, kernel: 1 });
const block = relu(add(pointwise, pooled));

const features = flatten(globalAvgPool2d(block));
const scores = linear(features, { out: 5 });
const classes = softmax(scores);

export default model("block", { image }, { classes });
