// LeNet-5 once more, as a chain of layers: each one works on what the one before it gives.
import { avgPool2d, conv2d, flatten, input, linear, model, N, sequential, sigmoid } from "weftgpu";

const image = input("image", [N, 1, 28, 28]);

const lenet = sequential(
  conv2d({ out: 6, kernel: 5, padding: 2 }),
  sigmoid(),
  avgPool2d({ kernel: 2 }),
  conv2d({ out: 16, kernel: 5 }),
  sigmoid(),
  avgPool2d({ kernel: 2 }),
  flatten(),
  linear({ out: 120 }),
  sigmoid(),
  linear({ out: 84 }),
  sigmoid(),
  linear({ out: 10 }),
);

export default model("lenet-chain", { image }, { logits: lenet(image) }, { classes: 10 });
