// Learning a kernel: one convolution of two weights, which start anywhere between ±1/√2, an example's own bound for
// two inputs. From a picture and its edges it is to find [1, −1].
//
//   node scripts/run.mjs models/lecture/training/learn-kernel.ts
import { conv2d, input, model, N, uniform } from "weftgpu";

const picture = input("picture", [N, 1, 6, 8]);

const edges = conv2d(picture, {
  out: 1,
  kernel: [1, 2],
  bias: false,
  init: uniform(-Math.SQRT1_2, Math.SQRT1_2),
}); // [N, 1, 6, 7]

export default model("learned-kernel", { picture }, { edges });
