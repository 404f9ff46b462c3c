/** Operations on values that are lists of JavaScript expressions, one per component. */

/** "int" and "float" are literals that have no type of their own yet. */
export type Of = "f32" | "f16" | "i32" | "u32" | "bool" | "int" | "float";

export interface Type {
  readonly of: Of;
  readonly width: number;
}

export interface Value extends Type {
  readonly parts: readonly string[];
  /** Many of them, in a variable of a function. */
  readonly array?: boolean;
}

const isLiteral = (of: Of): boolean => of === "int" || of === "float";

/** Of several: what a literal becomes beside the others. The test of a select is none of them. */
function common(values: readonly Value[]): Of {
  const typed = values.find((v) => !isLiteral(v.of) && v.of !== "bool");
  if (typed) return typed.of;
  const literals = values.filter((v) => isLiteral(v.of));
  return literals.length === 0 ? "bool" : (literals.find((v) => v.of === "float")?.of ?? "int");
}

/** What a variable of no declared type gets. */
export const concrete = (of: Of): Of => (of === "int" ? "i32" : of === "float" ? "f32" : of);

/** Converts as WGSL's constructors do; a literal takes the type that it is given to. */
export function cast(value: Value, to: Of): Value {
  if (value.of === to) return value;
  const each = (f: (x: string) => string): Value => ({
    of: to,
    width: value.width,
    parts: value.parts.map(f),
  });
  switch (to) {
    case "f32":
      if (value.of === "bool") return each((x) => `(${x} ? 1 : 0)`);
      return value.of === "f16" ? each((x) => x) : each((x) => `f(${x})`);
    case "f16":
      return each((x) => `lib.round(${x})`);
    case "i32":
      if (value.of === "f32") return each((x) => `lib.toInt(${x})`);
      return each((x) => (value.of === "bool" ? `(${x} ? 1 : 0)` : `(${x} | 0)`));
    case "u32":
      if (value.of === "f32") return each((x) => `lib.toUnsigned(${x})`);
      return each((x) => (value.of === "bool" ? `(${x} ? 1 : 0)` : `(${x} >>> 0)`));
    case "bool":
      return each((x) => `(${x} !== 0)`);
    default:
      return each((x) => x);
  }
}

/** All of one type and width: literals become typed, scalars are repeated. `hold` makes a scalar cheap to repeat. */
export function widen(values: readonly Value[], hold: (value: Value) => Value): readonly Value[] {
  const of = common(values);
  const width = Math.max(...values.map((v) => v.width));
  return values.map((v) => {
    const typed = isLiteral(v.of) && v.of !== of ? cast(v, of) : v;
    if (typed.width === width) return typed;
    const { parts } = hold(typed);
    return { of: typed.of, width, parts: Array.from({ length: width }, () => parts[0] ?? "") };
  });
}

type Operation = (of: Of, a: string, b: string) => string;

/** Wraps as the type does. */
export const wrapped = (of: Of, text: string): string => {
  if (of === "f32") return `f(${text})`;
  if (of === "f16") return `lib.round(${text})`;
  return of === "i32" ? `(${text} | 0)` : of === "u32" ? `(${text} >>> 0)` : `(${text})`;
};
const infix =
  (symbol: string): Operation =>
  (of, a, b) =>
    wrapped(of, `${a} ${symbol} ${b}`);
const comparison =
  (symbol: string): Operation =>
  (_, a, b) =>
    `(${a} ${symbol} ${b})`;
/** Bitwise on numbers, and without short cut on flags. */
const bits =
  (symbol: string): Operation =>
  (of, a, b) =>
    of === "bool" ? `(${a} ${symbol}${symbol} ${b})` : wrapped(of, `${a} ${symbol} ${b}`);

const operations: Readonly<Record<string, Operation>> = {
  "+": infix("+"),
  "-": infix("-"),
  "*": (of, a, b) =>
    of === "i32" || of === "u32" ? wrapped(of, `Math.imul(${a}, ${b})`) : infix("*")(of, a, b),
  "/": (of, a, b) => (of === "int" ? `Math.trunc(${a} / ${b})` : infix("/")(of, a, b)),
  "%": infix("%"),
  "&": bits("&"),
  "|": bits("|"),
  "^": infix("^"),
  "<<": infix("<<"),
  ">>": (of, a, b) => wrapped(of, `${a} ${of === "u32" ? ">>>" : ">>"} ${b}`),
  "==": comparison("==="),
  "!=": comparison("!=="),
  "<": comparison("<"),
  ">": comparison(">"),
  "<=": comparison("<="),
  ">=": comparison(">="),
  "&&": comparison("&&"),
  "||": comparison("||"),
  "unary-": (of, a) => wrapped(of, `-(${a})`),
  "unary!": (_, a) => `(!${a})`,
  "unary~": (of, a) => wrapped(of, `~${a}`),
};

const COMPARISONS = /^([=!<>]=|[<>])$/;

/** Operands of one type and width. */
export function arithmetic(op: string, operands: readonly Value[]): Value {
  const operation = operations[op];
  const [a, b] = operands;
  if (!operation || !a) throw new Error(`WGSL: the operator ${op} is not known here`);
  // A shift's right side is a u32 of its own.
  if (b && a.of !== b.of && op !== "<<" && op !== ">>") throw new Error(`WGSL: ${a.of} ${op} ${b.of}`);
  return {
    of: COMPARISONS.test(op) ? "bool" : a.of,
    width: a.width,
    parts: a.parts.map((part, i) => operation(a.of, part, b?.parts[i] ?? "")),
  };
}

const math = (name: string) => (x: readonly string[]) => `f(Math.${name}(${x.join(", ")}))`;
const exact = (name: string) => (x: readonly string[]) => `Math.${name}(${x.join(", ")})`;

const functions: Readonly<Record<string, (x: readonly string[], of: Of) => string>> = {
  max: exact("max"),
  min: exact("min"),
  abs: exact("abs"),
  floor: exact("floor"),
  ceil: exact("ceil"),
  // Of two equally near whole numbers the even one, by the rounding of sums of f64; larger numbers are whole.
  round: ([x]) => `(Math.abs(${x}) < 2 ** 23 ? (${x} + 1.5 * 2 ** 52) - 1.5 * 2 ** 52 : ${x})`,
  exp: math("exp"),
  log: math("log"),
  sqrt: math("sqrt"),
  tanh: math("tanh"),
  pow: math("pow"),
  clamp: ([x, low, high]) => `Math.min(Math.max(${x}, ${low}), ${high})`,
  fma: ([a, b, c]) => `f(${a} * ${b} + ${c})`,
  select: ([no, yes, test]) => `(${test} ? ${yes} : ${no})`,
};

export const builtins: ReadonlySet<string> = new Set(Object.keys(functions));

/** A builtin function, component by component. */
export function call(name: string, args: readonly Value[]): Value {
  const f = functions[name];
  const [first] = args;
  if (!f || !first) throw new Error(`WGSL: ${name} is not known here`);
  const of = name === "select" ? first.of : common(args);
  const typed = args.map((a) => (isLiteral(a.of) ? cast(a, of) : a));
  const parts = first.parts.map((_, i) =>
    f(
      typed.map((a) => a.parts[i] ?? ""),
      of,
    ),
  );
  return { of, width: first.width, parts };
}
