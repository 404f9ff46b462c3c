// LeNet's shape as one would build it today: ReLU in place of the sigmoid, the largest value of a window in place of
// the average, more channels, and dropout before the dense layers so that they learn less by heart.
import { conv2d, dropout, flatten, input, linear, maxPool2d, model, N, relu } from "weftgpu";

const image = input("image", [N, 1, 28, 28]);

const conv1 = conv2d(image, { out: 12, kernel: 5, padding: 2 }); // [N, 12, 28, 28]
const pool1 = maxPool2d(relu(conv1), { kernel: 2 }); //             [N, 12, 14, 14]
const conv2 = conv2d(pool1, { out: 24, kernel: 5 }); //             [N, 24, 10, 10]
const pool2 = maxPool2d(relu(conv2), { kernel: 2 }); //             [N, 24, 5, 5]

const features = dropout(flatten(pool2), { p: 0.25 });
const fc1 = linear(features, { out: 120 });
const fc2 = linear(relu(fc1), { out: 84 });
const logits = linear(relu(fc2), { out: 10 });

export default model("lenet-relu", { image }, { logits }, { classes: 10 });
