/** gelu(x) = x / 2 · (1 + erf(x / √2)), as exporters write it before opset 20, however the product is grouped. */
import type { Call } from "../call.ts";
import { type Callee, isRef, type Ref } from "../recorder.ts";
import type { Computed, Value } from "../value.ts";

type Factor = number | Ref;

/** The function that a product is; nothing where it is another one. */
export function geluOf(call: Call): Computed | undefined {
  const factors = [call.value(0), call.value(1)].flatMap(factorOf);
  const x = factors.length === 2 ? argumentIn(factors, 3) : undefined;
  if (!x) return undefined;
  const parts = factors.flatMap((factor) => partsOf(factor, x));
  const numbers = parts.filter((part) => typeof part === "number");
  const others = parts.filter((part) => isRef(part) && part !== x && argumentOf(part) !== x);
  const half = is(
    numbers.reduce((product, number) => product * number, 1),
    0.5,
  );
  const once = parts.filter((part) => part === x).length === 1;
  const complete = half && once && others.length === 0 && parts.length === numbers.length + 2;
  return complete ? call.apply("gelu", [x]) : undefined;
}

function factorOf(value: Value): readonly Factor[] {
  if (value.kind === "computed") return value.order ? [] : [value.ref];
  const [first] = Array.from(value.data);
  return value.data.length === 1 && typeof first === "number" ? [first] : [];
}

const is = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

/** The two operands of a statement of that name. */
function operandsOf(ref: Factor | undefined, callee: Callee): readonly [Factor, Factor] | undefined {
  if (!isRef(ref) || ref.statement.callee !== callee) return undefined;
  const [a, b] = ref.statement.args;
  const isFactor = (arg: unknown): arg is Factor => typeof arg === "number" || isRef(arg);
  return isFactor(a) && isFactor(b) ? [a, b] : undefined;
}

/** x of 1 + erf(x / √2). */
function argumentOf(ref: Factor): Ref | undefined {
  const sum = operandsOf(ref, "add");
  const erf = sum?.find(isRef);
  if (!sum?.includes(1) || erf?.statement.callee !== "erf") return undefined;
  const [scaled] = erf.statement.args;
  if (!isRef(scaled)) return undefined;
  const [quotient, product] = [operandsOf(scaled, "div"), operandsOf(scaled, "mul")];
  if (quotient && isRef(quotient[0]) && quotient[1] === factorIn(quotient, Math.SQRT2)) return quotient[0];
  return product && factorIn(product, Math.SQRT1_2) !== undefined ? product.find(isRef) : undefined;
}

const factorIn = (operands: readonly Factor[], number: number): number | undefined =>
  operands.find((operand): operand is number => typeof operand === "number" && is(operand, number));

/** x, where one of the factors of a product within so many others is 1 + erf(x / √2). */
function argumentIn(factors: readonly Factor[], depth: number): Ref | undefined {
  if (depth === 0) return undefined;
  for (const factor of factors) {
    const x = argumentOf(factor) ?? argumentIn(operandsOf(factor, "mul") ?? [], depth - 1);
    if (x) return x;
  }
  return undefined;
}

/** The factors of a product, of which x is one that is not taken apart. */
function partsOf(factor: Factor, x: Ref, depth = 3): readonly Factor[] {
  const product = factor === x || depth === 0 ? undefined : operandsOf(factor, "mul");
  return product ? product.flatMap((part) => partsOf(part, x, depth - 1)) : [factor];
}
