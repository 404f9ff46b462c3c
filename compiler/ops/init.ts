/** How the weights that an op makes for itself start. */
import type { Init } from "../ir/program.ts";
import { fail, record } from "./check.ts";

/** How a weight starts: a scheme by name (its fans are the op's) or a full `Init`. */
export type InitRequest =
  | {
      readonly kind: "xavierUniform" | "xavierNormal" | "kaimingUniform" | "kaimingNormal" | "zeros" | "ones";
    }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

export type InitAttr = {
  readonly kind: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
};

/** The user's request as attributes. Throws `UserError` for an unknown scheme. */
export function initAttr(op: string, value: unknown): InitAttr {
  const init = record(op, value ?? { kind: "xavierUniform" }, ["kind", "value", "low", "high"]);
  const kinds = [
    "xavierUniform",
    "xavierNormal",
    "kaimingUniform",
    "kaimingNormal",
    "zeros",
    "ones",
    "constant",
    "uniform",
  ];
  if (typeof init["kind"] !== "string" || !kinds.includes(init["kind"])) {
    fail(`${op}: unknown initialiser ${JSON.stringify(init["kind"])}`, `init is one of ${kinds.join(", ")}`);
  }
  const number = (k: string): number => (typeof init[k] === "number" ? init[k] : 0);
  return { kind: init["kind"], value: number("value"), low: number("low"), high: number("high") };
}

/** The scheme with the op's fans put in. */
export function resolveInit(init: InitAttr, fanIn: number, fanOut: number): Init {
  switch (init.kind) {
    case "zeros":
    case "ones":
      return { kind: init.kind };
    case "constant":
      return { kind: "constant", value: init.value };
    case "uniform":
      return { kind: "uniform", low: init.low, high: init.high };
    case "kaimingUniform":
    case "kaimingNormal":
      return { kind: init.kind, fanIn };
    case "xavierNormal":
      return { kind: "xavierNormal", fanIn, fanOut };
    default:
      return { kind: "xavierUniform", fanIn, fanOut };
  }
}
