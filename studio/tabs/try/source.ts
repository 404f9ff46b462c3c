/** What a model is given in the Try tab: a picture, or numbers for each of its inputs. */
import type { Graph } from "../../../compiler/ir/graph.ts";
import type { Input } from "../../../data/array.ts";
import type { InputValue } from "../../../runtime/index.ts";
import type { PictureCard } from "./pictureCard.ts";

export type Inputs = Readonly<Record<string, InputValue>>;

export interface Source {
  readonly element: HTMLElement;
  /** Where it is a picture: what values see of it can be framed. */
  readonly picture: PictureCard | undefined;
  /** One example of each input. */
  inputs(): Inputs;
  /** A picture on which there is nothing: its scores say nothing. */
  isEmpty(): boolean;
  /** Before the tab is left. */
  leave(): void;
}

export const inputsOf = ({ inputs }: Graph): readonly Input[] =>
  inputs.map(({ name, node }) => ({ name, ...node.type }));
