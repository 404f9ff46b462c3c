// LeNet-5, as in the lecture: "Dive into Deep Learning", section 7.6.
import { avgPool2d, conv2d, flatten, input, linear, model, N, sigmoid } from "weftgpu";

const image = input("image", [N, 1, 28, 28]);

// Two convolutional blocks: the picture gets smaller, the channels become more.
const conv1 = conv2d(image, { out: 6, kernel: 5, padding: 2 }); // [N, 6, 28, 28]
const pool1 = avgPool2d(sigmoid(conv1), { kernel: 2 }); //         [N, 6, 14, 14]
const conv2 = conv2d(pool1, { out: 16, kernel: 5 }); //            [N, 16, 10, 10]
const pool2 = avgPool2d(sigmoid(conv2), { kernel: 2 }); //         [N, 16, 5, 5]

// A dense block on the 16 · 5 · 5 = 400 features.
const features = flatten(pool2);
const fc1 = linear(features, { out: 120 });
const fc2 = linear(sigmoid(fc1), { out: 84 });
const logits = linear(sigmoid(fc2), { out: 10 }); // a score for each class

export default model("lenet", { image }, { logits }, { classes: 10 });
