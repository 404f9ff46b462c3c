// Which arm of a spiral a point lies on. `npx weft shapes src/spirals.model.ts` shows what every layer does.
import { input, linear, model, N, tanh } from "weftgpu";

const point = input("point", [N, 2]);

const hidden1 = tanh(linear(point, { out: 32 })); //   [N, 32]
const hidden2 = tanh(linear(hidden1, { out: 32 })); // [N, 32]
const scores = linear(hidden2, { out: 3 }); //         a score for each arm

export default model("spirals", { point }, { scores }, { classes: ["red", "green", "blue"] });
