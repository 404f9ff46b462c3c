// Padding keeps a picture's size, stride reduces it: ⌊(n + 2p − k) / s⌋ + 1 in each direction.
//
//   weft shapes models/lecture/padding-stride.ts
import { conv2d, input, model, N } from "weftgpu";

const picture = input("picture", [N, 1, 8, 8]);

const same = conv2d(picture, { out: 1, kernel: 3, padding: 1 }); //                          8 × 8
const tall = conv2d(picture, { out: 1, kernel: [5, 3], padding: [2, 1] }); //                8 × 8
const half = conv2d(picture, { out: 1, kernel: 3, padding: 1, stride: 2 }); //               4 × 4
const few = conv2d(picture, { out: 1, kernel: [3, 5], padding: [0, 1], stride: [3, 4] }); // 2 × 2

export default model("padding-stride", { picture }, { same, tall, half, few });
