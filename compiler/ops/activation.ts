/** The functions that recurrent layers make gates and states with, by name (ONNX, "RNN", attribute activations). */
import type { Expr } from "../ir/expr.ts";
import { call, literal } from "../math/build.ts";
import { finite, type Kind, objectOf, oneOf, optional } from "../options.ts";
import { clamp, wherePositive } from "./elementwise.ts";

/** A function with its numbers. */
export type Activation = { readonly kind: ActivationKind; readonly alpha: number; readonly beta: number };

interface Formula {
  /** What stands for numbers that are left out. */
  readonly alpha: number;
  readonly beta: number;
  of(x: Expr, alpha: Expr, beta: Expr): Expr;
}

const formula = (of: Formula["of"], alpha = 1, beta = 0): Formula => ({ alpha, beta, of });
const zero = literal(0);

const formulas = {
  sigmoid: formula((x) => call("sigmoid", x)),
  tanh: formula((x) => call("tanh", x)),
  relu: formula((x) => call("max", x, zero)),
  softsign: formula((x) => call("div", x, call("add", literal(1), call("abs", x)))),
  softplus: formula((x) => call("softplus", x)),
  /** alpha · x + beta */
  affine: formula((x, alpha, beta) => call("add", call("mul", alpha, x), beta)),
  /** x, below 0 alpha · x */
  leakyRelu: formula((x, alpha) => wherePositive(x, x, call("mul", alpha, x)), 0.01),
  /** x, where it is above alpha */
  thresholdedRelu: formula((x, alpha) => call("select", call("less", alpha, x), x, zero)),
  /** alpha · tanh(beta · x) */
  scaledTanh: formula((x, alpha, beta) => call("mul", alpha, call("tanh", call("mul", beta, x))), 1, 1),
  /** min(max(alpha · x + beta, 0), 1) */
  hardSigmoid: formula((x, alpha, beta) => clamp(call("add", call("mul", alpha, x), beta), 0, 1), 0.2, 0.5),
  /** x, below 0 alpha · (eˣ − 1) */
  elu: formula((x, alpha) => {
    const power = call("exp", call("min", zero, x));
    return wherePositive(x, x, call("mul", alpha, call("sub", power, literal(1))));
  }),
} satisfies Readonly<Record<string, Formula>>;

export type ActivationKind = keyof typeof formulas;

export const activationKinds = Object.keys(formulas) as readonly ActivationKind[]; // the record's own keys

const names = oneOf(activationKinds);
const whole = objectOf({ kind: names, alpha: optional(finite), beta: optional(finite) });

/** `"tanh"`, or `{ kind: "elu", alpha: 0.5 }` */
export const activation: Kind<Activation> = {
  rule: `${names.rule}, or an object with kind, alpha and beta`,
  example: '"tanh"',
  read(value, place) {
    const { kind, alpha, beta } =
      typeof value === "object" && value !== null
        ? whole.read(value, place)
        : { kind: names.read(value, place), alpha: undefined, beta: undefined };
    const usual = formulas[kind];
    return { kind, alpha: alpha ?? usual.alpha, beta: beta ?? usual.beta };
  },
};

export const activated = ({ kind, alpha, beta }: Activation, x: Expr): Expr =>
  formulas[kind].of(x, literal(alpha), literal(beta));

/** `tanh`, or `elu(0.5)` where a number is not the usual one. */
export function showActivation({ kind, alpha, beta }: Activation): string {
  const usual = formulas[kind];
  return beta !== usual.beta
    ? `${kind}(${alpha}, ${beta})`
    : alpha !== usual.alpha
      ? `${kind}(${alpha})`
      : kind;
}
