/** Comparisons, logic, choices, and what only changes a type. Masks are tensors of 1 and 0. */
import type { Call } from "../call.ts";
import { type Computed, type ElementType, isFloat, known, refuse, TYPES, type Value } from "../value.ts";
import { binary, truncated } from "./elementwise.ts";
import type { Rows } from "./row.ts";

export const logics: Rows = {
  Equal: binary("equal", "bool"),
  Less: binary("less", "bool"),
  LessOrEqual: binary("lessOrEqual", "bool"),
  Greater: binary("greater", "bool"),
  GreaterOrEqual: binary("greaterOrEqual", "bool"),
  And: binary("and", "bool"),
  Or: binary("or", "bool"),
  Xor: binary("xor", "bool"),
  Not: (call) => call.apply("not", [call.tensor(0)], { type: "bool" }),

  Where(call) {
    const [mask, a, b] = [call.value(0), call.value(1), call.value(2)];
    const rank = [mask, a, b].reduce(
      (most, v) => (v.shape.length > most.length ? v.shape : most),
      mask.shape,
    );
    const type = isFloat(a.type) ? "f32" : a.type;
    return call.apply("where", [call.asTensor(mask), call.operand(1, rank), call.operand(2, rank)], { type });
  },

  /** x ≠ x */
  IsNaN(call) {
    const x = call.tensor(0);
    return call.apply("notEqual", [x, x], { type: "bool" });
  },

  /** Beyond the largest number there is, in the directions that count. */
  IsInf(call) {
    const x = call.tensor(0);
    const [up, down] = [call.int("detect_positive", 1) !== 0, call.int("detect_negative", 1) !== 0];
    const most = 3.4028234663852886e38;
    const above = call.apply("greater", [x, most], { type: "bool" });
    const below = call.apply("less", [x, -most], { type: "bool" });
    if (up && down) return call.apply("or", [above, below], { type: "bool" });
    return up ? above : down ? below : call.apply("mul", [above, 0], { type: "bool" });
  },

  Identity: (call) => call.value(0),

  Dropout(call) {
    call.float("ratio", 0.5);
    call.int("seed", 0);
    if (call.inputs[2] && call.numbers(2, "training_mode")?.[0] !== 0)
      refuse("training_mode is set", "model.eval() before the export");
    if (call.node.outputs[1]) refuse("its mask is read", "an export without it");
    return call.value(0);
  },

  Cast(call) {
    const to = TYPES[call.int("to", 1) as keyof typeof TYPES] as ElementType | undefined; // any number may stand there
    call.int("saturate", 1);
    call.text("round_mode", "up");
    if (to === undefined || to === "string")
      return refuse(`it casts to type ${call.int("to", 1)}`, "float32");
    return cast(call, call.value(0), to);
  },

  CastLike(call) {
    call.int("saturate", 1);
    call.text("round_mode", "up");
    return cast(call, call.value(0), call.value(1).type);
  },
};

/** What the model computes it holds as f32: whole numbers that are cut off, truth as 1 and 0. */
function cast(call: Call, x: Value, to: ElementType): Value {
  if (x.kind === "known") return known(to, x.shape, x.data);
  const as = (type: ElementType): Computed => ({ ...x, type });
  if (isFloat(to)) return { ...call.asNumbers(x), type: "f32" };
  if (to === "bool")
    return x.type === "bool" ? x : call.apply("notEqual", [call.asNumbers(x), 0], { type: "bool" });
  return isFloat(x.type) ? truncated(call, x, to) : as(to);
}
