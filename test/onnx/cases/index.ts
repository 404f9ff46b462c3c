/** Cases of each operator. */
import { attentions } from "./attention.ts";
import { dense } from "./dense.ts";
import type { Cases } from "./draw.ts";
import { elementwise } from "./elementwise.ts";
import { places } from "./places.ts";
import { recurrents } from "./recurrent.ts";
import { reductions } from "./reduce.ts";
import { shapes } from "./shape.ts";
import { wholes } from "./whole.ts";
import { windows } from "./windows.ts";

export const cases: Cases = {
  ...elementwise,
  ...windows,
  ...dense,
  ...reductions,
  ...shapes,
  ...wholes,
  ...recurrents,
  ...places,
  ...attentions,
};

/** Operators whose values are known at import: no model computes them. They are looked at in whole files. */
export const atImport: readonly string[] = [
  "Shape",
  "Size",
  "Constant",
  "ConstantOfShape",
  "Range",
  "NonZero",
  "EyeLike",
  "If",
  "Loop",
];
