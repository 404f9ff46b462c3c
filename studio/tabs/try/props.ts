/** What the Try tab is made of: the model, and what is remembered. */
import type { Studio } from "../../tab.ts";
import type { CompiledModel } from "../../workbench.ts";
import type { KeptNumbers } from "./numbersCard.ts";
import type { PictureInput } from "./picture.ts";
import type { Kept } from "./pictureCard.ts";
import type { Text } from "./text.ts";
import type { Drawn } from "./weights.ts";

/** What outlives the tab's being left. */
export interface Memory {
  kept: Kept | undefined;
  /** Numbers of inputs, by model file. */
  readonly numbers: Map<string, KeptNumbers>;
  /** Files of models that take a picture and are given numbers. */
  readonly asNumbers: Set<string>;
  perMap: boolean;
  /** Layers that were opened or closed by hand, by model and name. */
  readonly toggled: Map<string, boolean>;
  readonly drawn: Drawn;
  /** Files of big models that their user has asked to compute. */
  readonly allowed: Set<string>;
}

export interface TryProps {
  readonly studio: Studio;
  readonly model: CompiledModel;
  /** Undefined: the model is given numbers. */
  readonly input: PictureInput | undefined;
  readonly memory: Memory;
  readonly text: Text;
  /** Shows the tab anew, after what was kept of it has been changed. */
  again(change: () => void): void;
}
