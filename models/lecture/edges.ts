// Finding edges: the kernel [1, −1] is zero where neighbours in a row are equal, and ±1 where white meets black.
// Turned by a quarter, the same picture has no edges that this kernel sees.
//
//   weft run models/lecture/edges.ts --input models/lecture/edges.json
import { concat, constant, corr2d, input, model, param, transpose } from "weftgpu";

const picture = input("picture", [6, 8]);

const white = param("white", [1, 1], constant(1));
const black = param("black", [1, 1], constant(-1));
const kernel = concat([white, black], { axis: 1 }); // [[1, −1]]

const edges = corr2d(picture, kernel); // each row is 0 1 0 0 0 −1 0
const turned = corr2d(transpose(picture), kernel); // all zero

export default model("edges", { picture }, { edges, turned });
