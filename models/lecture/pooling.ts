// Pooling takes the largest or the average value of each window. Its stride is its size unless another is given.
//
//   weft run models/lecture/pooling.ts --input models/lecture/pooling.json
import { avgPool2d, input, maxPool2d, model, N } from "weftgpu";

const picture = input("picture", [N, 1, 4, 4]);

const largest = maxPool2d(picture, { kernel: 3 }); //                                           [[10]]
const padded = maxPool2d(picture, { kernel: 3, padding: 1, stride: 2 }); //           [[5, 7], [13, 15]]
const wide = maxPool2d(picture, { kernel: [2, 3], stride: [2, 3], padding: [0, 1] }); // [[5, 7], [13, 15]]
const average = avgPool2d(picture, { kernel: 2 }); //                     [[2.5, 4.5], [10.5, 12.5]]

export default model("pooling", { picture }, { largest, padded, wide, average });
