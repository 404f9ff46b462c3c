// The two-dimensional cross-correlation, as in the lecture:
// the kernel slides over the picture, and each output is the sum of the products below it.
//
//   weft run models/lecture/corr2d.ts --input picture=models/lecture/corr2d.json kernel=models/lecture/corr2d.json
import { corr2d, input, model } from "weftgpu";

const picture = input("picture", [3, 3]);
const kernel = input("kernel", [2, 2]);

const result = corr2d(picture, kernel); // [[19, 25], [37, 43]]

export default model("corr2d", { picture, kernel }, { result });
