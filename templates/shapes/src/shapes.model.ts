// Tells four drawn shapes apart. `npx weft shapes src/shapes.model.ts` shows what every layer does.
import { conv2d, flatten, input, linear, maxPool2d, model, N, relu } from "weftgpu";
import { SHAPES } from "./draw.ts";

const image = input("image", [N, 1, 28, 28]);

const conv1 = conv2d(image, { out: 8, kernel: 5, stride: 2, padding: 2 }); // [N, 8, 14, 14]
const pool1 = maxPool2d(relu(conv1), { kernel: 2 }); //                       [N, 8, 7, 7]
const conv2 = relu(conv2d(pool1, { out: 16, kernel: 3, padding: 1 })); //     [N, 16, 7, 7]
const logits = linear(flatten(conv2), { out: 4 }); //                         a score for each shape

export default model("shapes", { image }, { logits }, { classes: SHAPES });
