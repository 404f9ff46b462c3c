/** Losses, as files of trainings have them. */
import type { Call } from "../call.ts";
import { type Computed, refuse } from "../value.ts";
import { fixedSizes, type Rows, range, reshaped } from "./row.ts";
import { indices } from "./whole.ts";

/** −weight[t] · log p[t] of each place, and its weight; the class that is ignored has none. */
function picked(call: Call, logs: Computed): { readonly loss: Computed; readonly weight: Computed } {
  const [count = 1] = fixedSizes(logs.shape.slice(1, 2), "it has classes");
  const target = indices(call, 1);
  const hot = call.apply("oneHot", [target, { count, axis: 1 }]);
  const rest = range(2, logs.shape.length).map(() => 1);
  const weights = call.inputs[2] && reshaped(call, call.tensor(2), [count, ...rest]);
  const weighted = weights ? call.apply("mul", [hot, weights]) : hot;
  const ignored = call.has("ignore_index") ? call.int("ignore_index", 0) : undefined;
  const numbers = ignored === undefined ? undefined : call.apply("cast", [target, { to: "f32" }]);
  const kept = numbers && call.apply("unsqueeze", [call.apply("notEqual", [numbers, ignored]), { axis: 1 }]);
  const share = kept ? call.apply("mul", [weighted, kept]) : weighted;
  const over = { axis: 1 };
  return {
    loss: call.apply("neg", [call.apply("sum", [call.apply("mul", [share, logs]), over])]),
    weight: call.apply("sum", [share, over]),
  };
}

function reduced(call: Call, logs: Computed): Computed {
  const reduction = call.text("reduction", "mean");
  const { loss, weight } = picked(call, logs);
  if (reduction === "none") return loss;
  const sum = call.apply("sum", [loss]);
  if (reduction === "sum") return sum;
  if (reduction !== "mean") refuse(`its reduction is ${reduction}`, "none, sum, mean");
  return call.apply("div", [sum, call.apply("sum", [weight])]);
}

export const losses: Rows = {
  NegativeLogLikelihoodLoss: (call) => reduced(call, call.tensor(0)),

  SoftmaxCrossEntropyLoss(call) {
    const logs = call.apply("logSoftmax", [call.tensor(0), { axis: 1 }]);
    return [reduced(call, logs), logs];
  },
};
