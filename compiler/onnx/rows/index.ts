/** The table: what each operator of ONNX is in the language. */
import { attentions } from "./attention.ts";
import { controls } from "./control.ts";
import { denses } from "./dense.ts";
import { elementwise } from "./elementwise.ts";
import { integers } from "./integer.ts";
import { layouts } from "./layout.ts";
import { logics } from "./logic.ts";
import { losses } from "./loss.ts";
import { norms } from "./norm.ts";
import { places } from "./places.ts";
import { quantised } from "./quantised.ts";
import { recurrents } from "./recurrent.ts";
import { reductions } from "./reduce.ts";
import { resizes } from "./resize.ts";
import type { Rows } from "./row.ts";
import { scatters } from "./scatter.ts";
import { shapes } from "./shape.ts";
import { wholes } from "./whole.ts";
import { windows } from "./window.ts";

export type { Row, Rows } from "./row.ts";

export const rows: Rows = {
  ...windows,
  ...denses,
  ...elementwise,
  ...logics,
  ...layouts,
  ...norms,
  ...controls,
  ...resizes,
  ...wholes,
  ...reductions,
  ...recurrents,
  ...scatters,
  ...places,
  ...quantised,
  ...integers,
  ...attentions,
  ...losses,
  ...shapes,
};
