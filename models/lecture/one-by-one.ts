// A 1×1 convolution looks at one pixel at a time and mixes its channels: a dense layer for every pixel.
// It changes the number of channels and nothing else.
//
//   weft shapes models/lecture/one-by-one.ts
import { conv2d, input, model, N } from "weftgpu";

const picture = input("picture", [N, 3, 3, 3]);

const mixed = conv2d(picture, { out: 2, kernel: 1 }); // [N, 2, 3, 3]

export default model("one-by-one", { picture }, { mixed });
