/**
 * Gradients of several batches, gathered before a step is made of them. What is gathered is state beside each parameter; whether
 * a batch begins anew, and whether parameters and moments move after it, are numbers that it is told (`contract/training.ts`).
 */
import { RATE_LR, RATE_SHARE } from "../../contract/training.ts";
import type { Node, Update } from "../ir/graph.ts";
import { axisIndex } from "../math/affine.ts";
import { call, literal, load, times } from "../math/build.ts";
import { derivedNode, inRole, suffixed } from "../ops/derived.ts";
import type { FreeNames } from "./names.ts";
import { scalar } from "./optimizer.ts";

/**
 * Of each gradient the state that gathers it. Of a mean G ← (1 − s)·G + s·g, with s the batch's part of the examples so far, is
 * the mean over all of them; of a sum, G ← (1 − s)·G + g. A batch whose s is 1 begins anew, either way with g itself.
 */
export function gathered(
  gradients: ReadonlyMap<Node, Node>,
  reduction: "mean" | "sum",
  names: FreeNames,
): ReadonlyMap<Node, Update> {
  const share = scalar(RATE_SHARE, "share");
  return new Map(
    [...gradients].map(([parameter, gradient]) => {
      const { type } = parameter;
      const origin = inRole(parameter.origin, "gradients", parameter);
      const state: Node = {
        kind: "param",
        type,
        origin: { ...origin, name: names.take(`${parameter.origin.name}.gradient`) },
        init: { kind: "zeros" },
        use: "moment",
      };
      const value = derivedNode("gather", type, suffixed(origin, "gradient_gathered"), ({ at }) => {
        const place = at.map(axisIndex);
        const s = load(share, []);
        const [before, now] = [load(state, place), load(gradient, place)];
        const kept = times(call("sub", literal(1), s), before);
        return call("add", kept, reduction === "mean" ? times(s, now) : now);
      });
      return [parameter, { state, value }];
    }),
  );
}

/** An update that leaves its state as it is where the learning rate is 0: after a batch that is only gathered. */
export function whereDue({ state, value }: Update): Update {
  const rate = scalar(RATE_LR, "lr");
  const due = derivedNode("due", state.type, suffixed(value.origin, "due"), ({ at }) => {
    const place = at.map(axisIndex);
    return call("select", call("less", literal(0), load(rate, [])), load(value, place), load(state, place));
  });
  return { state, value: due };
}
