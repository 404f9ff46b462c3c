// Several channels: each has a kernel of its own, and the results are added up.
//
//   weft run models/lecture/channels.ts --input red=models/lecture/channels.json green=models/lecture/channels.json \
//     redKernel=models/lecture/channels.json greenKernel=models/lecture/channels.json
import { add, corr2d, input, model } from "weftgpu";

const red = input("red", [3, 3]);
const green = input("green", [3, 3]);
const redKernel = input("redKernel", [2, 2]);
const greenKernel = input("greenKernel", [2, 2]);

const result = add(corr2d(red, redKernel), corr2d(green, greenKernel)); // [[56, 72], [104, 120]]

export default model("channels", { red, green, redKernel, greenKernel }, { result });
