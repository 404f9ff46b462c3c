/** Comparisons and logic: truth is 1 and 0, and of what is given every number but 0 is true. */
import type { Expr } from "../ir/expr.ts";
import { call, literal } from "../math/build.ts";
import { binary, joint, unary } from "./elementwise.ts";

const [zero, one] = [literal(0), literal(1)];
const choose = (condition: Expr, a: Expr, b: Expr): Expr => call("select", condition, a, b);
const not = (x: Expr): Expr => choose(x, zero, one);
const truth = (x: Expr): Expr => choose(x, one, zero);

export const logic = {
  equal: binary("equal", "equal"),
  notEqual: joint("notEqual", 2, (a, b) => not(call("equal", a, b))),
  less: binary("less", "less"),
  lessOrEqual: binary("lessOrEqual", "lessOrEqual"),
  greater: joint("greater", 2, (a, b) => call("less", b, a)),
  greaterOrEqual: joint("greaterOrEqual", 2, (a, b) => call("lessOrEqual", b, a)),
  and: joint("and", 2, (a, b) => choose(a, truth(b), zero)),
  or: joint("or", 2, (a, b) => choose(a, one, truth(b))),
  xor: joint("xor", 2, (a, b) => choose(a, not(b), truth(b))),
  not: unary("not", {}, not),
  /** a where the condition is true, else b. */
  where: joint("where", 3, choose),
};
