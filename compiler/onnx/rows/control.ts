/** Graphs within nodes: branches and loops whose course is known at import, or that both are computed. */
import type { Call } from "../call.ts";
import { type Computed, isFloat, known, numbersOf, refuse, type Value } from "../value.ts";
import { type Rows, reshaped, sameDims } from "./row.ts";

/** So many rounds are written out. */
const MOST_ROUNDS = 256;

/** What a value is without a round of its own, as one of a list: [1, …]. */
const listed = (call: Call, value: Value): Computed => {
  const x = call.asTensor(value);
  return reshaped(call, x, [1, ...x.shape]);
};

/** Values of all rounds, one after the other along a new first axis. */
function stacked(call: Call, values: readonly Value[]): Value {
  const [first] = values;
  if (!first) return refuse("it runs no round, and what it gives of each is read");
  const numbers = values.flatMap((v) => (v.kind === "known" ? [v] : []));
  if (numbers.length === values.length) {
    const data = numbers.flatMap((v) => Array.from(v.data));
    call.spend(data.length);
    return known(first.type, [values.length, ...(numbers[0]?.shape ?? [])], data);
  }
  const parts = values.map((v) => listed(call, v));
  return call.apply("concat", [parts, { axis: 0 }], { type: first.type });
}

export const controls: Rows = {
  /** The branch that is taken; where only a run knows which, both, and the choice. */
  If(call) {
    const condition = call.value(0);
    if (condition.kind === "known") {
      const taken = numbersOf(condition.data, "the condition")[0] !== 0;
      call.has("then_branch");
      call.has("else_branch");
      return call.inner(taken ? "then_branch" : "else_branch", []);
    }
    const [yes, no] = [call.inner("then_branch", []), call.inner("else_branch", [])];
    return yes.map((a, i) => {
      const b = no[i] ?? refuse("its branches give different numbers of values");
      if (!sameDims(a.shape, b.shape))
        return refuse(
          "a run chooses between values of different shapes",
          "an export in which the condition is known",
        );
      const type = isFloat(a.type) ? "f32" : a.type;
      const mask = reshaped(call, condition, []);
      return call.apply("where", [mask, call.asTensor(a), call.asTensor(b)], { type });
    });
  },

  /** Each round written out. */
  Loop(call) {
    const [most] = call.numbers(0, "the number of rounds") ?? [Number.POSITIVE_INFINITY];
    let going = (call.numbers(1, "the condition") ?? [1])[0] !== 0;
    let carried: readonly Value[] = call.inputs.slice(2).map((_, i) => call.value(i + 2));
    const rounds: (readonly Value[])[] = [];
    while (going && rounds.length < (most ?? 0)) {
      if (rounds.length >= MOST_ROUNDS) refuse(`it runs more than ${MOST_ROUNDS} rounds`, "fewer steps");
      const results = call.inner("body", [
        known("i64", [], [rounds.length]),
        known("bool", [], [1]),
        ...carried,
      ]);
      const [next, ...rest] = results;
      if (next?.kind !== "known")
        refuse("a run decides when it ends", "an export with a fixed number of rounds");
      else going = numbersOf(next.data, "the condition")[0] !== 0;
      carried = rest.slice(0, carried.length);
      rounds.push(rest.slice(carried.length));
    }
    call.has("body");
    const lists = (rounds[0] ?? []).map((_, i) =>
      stacked(
        call,
        rounds.map((round) => round[i] ?? refuse("a round gives too little")),
      ),
    );
    return [...carried, ...lists];
  },
};
