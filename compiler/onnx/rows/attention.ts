/** Attention and rotated positions (opset 23), in layers of the language. */
import type { Call } from "../call.ts";
import { type Computed, known, refuse } from "../value.ts";
import { sliced } from "./layout.ts";
import { fixedSizes, type Rows, range, reshaped, transposed } from "./row.ts";
import { indices } from "./whole.ts";

/** [N, T, heads · size] as [N, heads, T, size]; what has heads already as it is. */
function headsOf(call: Call, x: Computed, heads: number, what: string): Computed {
  if (x.shape.length === 4) return x;
  const [batch = 1, steps = 1, width = 1] = x.shape;
  if (x.shape.length !== 3 || heads < 1 || typeof width !== "number" || width % heads !== 0)
    return refuse(`${what} is [${x.shape.join(", ")}], for ${heads} heads`, "[N, steps, heads · size]");
  return transposed(call, reshaped(call, x, [batch, steps, heads, width / heads]), [0, 2, 1, 3]);
}

/** Each head as often as queries share it. */
function repeated(call: Call, x: Computed, times: number): Computed {
  if (times === 1) return x;
  const [batch = 1, heads = 1, steps = 1, size = 1] = x.shape;
  const apart = call.apply("unsqueeze", [x, { axis: 2 }]);
  const wide = call.apply("expand", [apart, [batch, heads, times, steps, size]]);
  return reshaped(call, wide, [batch, Number(heads) * times, steps, size]);
}

/** What is added to scores that do not count: of these softmax makes 0. */
const NEVER = -1e30;

/** Scores with what they must not see pushed down: by a mask of numbers or of truth, and by the future. */
function masked(call: Call, scores: Computed, causal: boolean, past: number): Computed {
  const mask = call.inputs[3];
  const given = mask && call.operand(3, scores.shape);
  const seen =
    given === undefined
      ? scores
      : mask?.type === "bool"
        ? call.apply("where", [given, scores, NEVER])
        : call.apply("add", [scores, given]);
  if (!causal) return seen;
  const [queries = 1, keys = 1] = fixedSizes(scores.shape.slice(-2), "steps that see no later ones are");
  call.spend(queries * keys);
  const future = range(0, queries * keys).map((i) => Number(i % keys <= Math.floor(i / keys) + past));
  const open = call.asTensor(known("bool", [queries, keys], future));
  return call.apply("where", [open, seen, NEVER]);
}

export const attentions: Rows = {
  /** softmax(q · kᵀ · scale + mask) · v, for each head. Outputs are the result, keys and values with those of before, and scores. */
  Attention(call) {
    const counts = [call.int("q_num_heads", 0), call.int("kv_num_heads", 0)] as const;
    const flat = call.value(0).shape.length === 3;
    const joined = (i: number, past: number, what: string): Computed => {
      const x = headsOf(call, call.tensor(i), counts[1], what);
      return call.inputs[past] ? call.apply("concat", [[call.tensor(past), x], { axis: 2 }]) : x;
    };
    const q = headsOf(call, call.tensor(0), counts[0], "the query");
    const [keys, values] = [joined(1, 4, "the key"), joined(2, 5, "the value")];
    const [heads = 1, , size = 1] = fixedSizes(q.shape.slice(1), "queries have an axis");
    const [shared = 1] = fixedSizes(keys.shape.slice(1, 2), "keys have an axis");
    const [past = 0] = call.inputs[4]
      ? fixedSizes(call.tensor(4).shape.slice(2, 3), "keys have an axis")
      : [0];
    if (heads % shared !== 0) refuse(`${heads} heads of queries share ${shared} of keys`);
    if (call.inputs[6]) refuse("it says how many keys count", "a mask");
    if (call.node.outputs[3]) refuse("its scores are read", "the first three outputs alone");
    call.int("softmax_precision", 1);
    call.int("qk_matmul_output_mode", 0);
    const scale = call.float("scale", 1 / Math.sqrt(size));
    const cap = call.float("softcap", 0);
    const turned = transposed(call, repeated(call, keys, heads / shared), [0, 1, 3, 2]);
    const scores = call.apply("mul", [call.apply("matmul", [q, turned]), scale]);
    const capped =
      cap === 0 ? scores : call.apply("mul", [call.apply("tanh", [call.apply("div", [scores, cap])]), cap]);
    const shares = call.apply("softmax", [masked(call, capped, call.int("is_causal", 0) !== 0, past)]);
    const result = call.apply("matmul", [shares, repeated(call, values, heads / shared)]);
    const [batch = 1, , steps = 1, width = 1] = result.shape;
    const whole = flat
      ? reshaped(call, transposed(call, result, [0, 2, 1, 3]), [batch, steps, heads * Number(width)])
      : result;
    return [whole, keys, values];
  },

  /** Pairs of a head's numbers turned by an angle that grows with the step (Su et al. 2021). */
  RotaryEmbedding(call) {
    const x = call.tensor(0);
    const flat = x.shape.length === 3;
    const heads = headsOf(call, x, call.int("num_heads", 0), "its operand");
    const [size = 1] = fixedSizes(heads.shape.slice(-1), "a head has numbers");
    const given = call.int("rotary_embedding_dim", 0);
    const part = given === 0 ? size : given;
    const isPaired = call.int("interleaved", 0) !== 0;
    // Of each example and step, or of the steps that are asked for; the same for all heads.
    const angles = (i: number): Computed => {
      const table = call.tensor(i);
      const all = call.inputs[3]
        ? call.apply("gather", [table, indices(call, 3), table.shape[0] === "N" ? {} : { axis: 0 }])
        : table;
      return call.apply("unsqueeze", [all, { axis: 1 }]);
    };
    const [cos, sin] = [angles(1), angles(2)];
    const turning = sliced(call, heads, 3, 0, part);
    const half = part / 2;
    const [first, second] = isPaired
      ? [sliced(call, turning, 3, 0, half, 2), sliced(call, turning, 3, 1, half, 2)]
      : [sliced(call, turning, 3, 0, half), sliced(call, turning, 3, half, half)];
    const times = (a: Computed, b: Computed): Computed => call.apply("mul", [a, b]);
    const real = call.apply("sub", [times(first, cos), times(second, sin)]);
    const other = call.apply("add", [times(first, sin), times(second, cos)]);
    const last = heads.shape.length - 1;
    const both = isPaired
      ? reshaped(
          call,
          call.apply("concat", [
            [real, other].map((t) => call.apply("unsqueeze", [t, { axis: last + 1 }])),
            { axis: last + 1 },
          ]),
          turning.shape,
        )
      : call.apply("concat", [[real, other], { axis: last }]);
    const whole =
      part === size
        ? both
        : call.apply("concat", [[both, sliced(call, heads, 3, part, size - part)], { axis: last }]);
    return flat ? reshaped(call, transposed(call, whole, [0, 2, 1, 3]), x.shape) : whole;
  },
};
