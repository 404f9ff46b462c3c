/** How the weights that an op makes for itself start. */
import type { Init } from "../../contract/program.ts";
import { finite, type Kind, otherwise, refined, taggedBy } from "../options.ts";

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

const schemes = taggedBy(
  {
    xavierUniform: {},
    xavierNormal: {},
    kaimingUniform: {},
    kaimingNormal: {},
    zeros: {},
    ones: {},
    constant: { value: finite },
    uniform: { low: finite, high: finite },
  },
  "xavierUniform()",
);

/** The user's request as attributes; Xavier uniform where there is none. */
export const initializer: Kind<InitAttr> = otherwise(
  refined(schemes, (init, fail): InitAttr => {
    const { kind, value, low, high } = { value: 0, low: 0, high: 0, ...init };
    if (low > high) fail("uniform between a smaller number and a larger one");
    return { kind, value, low, high };
  }),
  { kind: "xavierUniform", value: 0, low: 0, high: 0 },
);

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
