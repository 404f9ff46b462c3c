/** What is written, and read by rows, where whole numbers say. */
import type { Call } from "../call.ts";
import { type Computed, refuse } from "../value.ts";
import { axisOf, type Row, type Rows } from "./row.ts";
import { indices } from "./whole.ts";

const WORDS: readonly string[] = ["none", "add", "mul", "max", "min"];

function reductionOf(call: Call): object {
  const reduction = call.text("reduction", "none");
  if (!WORDS.includes(reduction)) refuse(`its reduction is ${reduction}`, WORDS.join(", "));
  return reduction === "none" ? {} : { reduction };
}

const scatter =
  (callee: "scatterElements" | "scatterND", more: (call: Call, x: Computed) => object): Row =>
  (call) => {
    const x = call.tensor(0);
    const options = { ...more(call, x), ...reductionOf(call) };
    return call.apply(callee, [x, indices(call, 1), call.tensor(2), options], { type: x.type });
  };

const alongAxis = scatter("scatterElements", (call, { shape }) => {
  const axis = axisOf(call.int("axis", 0), shape.length);
  return axis === shape.length - 1 ? {} : { axis };
});

export const scatters: Rows = {
  ScatterElements: alongAxis,
  /** What it was called until opset 10. */
  Scatter: alongAxis,
  ScatterND: scatter("scatterND", () => ({})),

  GatherND(call) {
    const x = call.moved(0);
    const batchDims = call.int("batch_dims", 0);
    const options = batchDims === 0 ? {} : { batchDims };
    return call.apply("gatherND", [x, indices(call, 1), options], { type: x.type });
  },
};
