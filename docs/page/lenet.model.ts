// The plugin compiles what ends in `.model.ts`. This one is the model of the lecture, unchanged.
export { default } from "../../models/lenet.ts";
