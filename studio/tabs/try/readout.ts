/** The line that says what is pointed at, with a small copy of the picture where the large one is out of sight. */

import type { Graph, Node } from "../../../compiler/ir/graph.ts";
import { type Field, isKnown, movingDims, receptiveFields } from "../../../compiler/report/receptive.ts";
import { h } from "../../dom.ts";
import { type Box, fieldAt, indicesOf, unrolled } from "./field.ts";
import { describe, elementAt, type Pointed } from "./layerList.ts";
import type { PictureCard } from "./pictureCard.ts";
import type { Text } from "./text.ts";

export interface Readout {
  readonly element: HTMLElement;
  point(at: Pointed | undefined): void;
}

/** `card`: the picture, where the input is one. */
export function readout(graph: Graph, card: PictureCard | undefined, text: Text): Readout {
  const line = h("p", { class: "line", attrs: { "aria-live": "polite" } }, text.pointAt);
  if (!card)
    return {
      element: h("div", { class: "readout" }, line),
      point(at) {
        line.textContent = at ? describe(at, undefined, undefined, false, text) : text.pointAt;
      },
    };
  const { height, width } = card.frame;
  const lens = h("canvas", { class: "lens", width, height, attrs: { "aria-hidden": "true" } });
  let fields: ReadonlyMap<Node, Field> | undefined;
  let moving: ReadonlyMap<Node, readonly number[]> | undefined;

  const boxOf = (at: Pointed): { field: Field | undefined; box: Box | undefined } => {
    fields ??= receptiveFields(graph);
    moving ??= movingDims(graph);
    const { node } = at.layer;
    const field = fields.get(node);
    if (!isKnown(field)) return { field, box: undefined };
    const flat = field.size.length === 1;
    const indices = indicesOf(node.type.shape, elementAt(at.layer, at.place));
    const box = fieldAt(field, moving.get(node) ?? [], indices, flat ? [1, height * width] : [height, width]);
    return { field, box: flat && box ? unrolled(box, width) : box };
  };
  const drawLens = (box: Box | undefined): void => {
    const context = lens.getContext("2d");
    if (!context) return;
    context.drawImage(card.canvas, 0, 0);
    if (!box) return;
    // All but the part is dimmed: a frame would hide as much as it shows on so few pixels.
    context.fillStyle = "rgb(90 140 255 / 55%)";
    const { top, left, bottom, right } = box;
    context.fillRect(0, 0, width, top);
    context.fillRect(0, bottom + 1, width, height - bottom - 1);
    context.fillRect(0, top, left, bottom - top + 1);
    context.fillRect(right + 1, top, width - right - 1, bottom - top + 1);
  };
  return {
    element: h("div", { class: "readout" }, lens, line),
    point(at) {
      if (!at) {
        line.textContent = text.pointAt;
        card.frameBox(undefined);
        drawLens(undefined);
        return;
      }
      const { field, box } = boxOf(at);
      const whole = box?.top === 0 && box.left === 0 && box.bottom === height - 1 && box.right === width - 1;
      line.textContent = describe(at, field, box, whole, text);
      card.frameBox(box);
      drawLens(box);
    },
  };
}
