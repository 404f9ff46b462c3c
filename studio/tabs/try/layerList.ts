/** The layers with their values: what is open is watched. */

import { type Field, isKnown } from "../../../compiler/report/receptive.ts";
import { showShape } from "../../../contract/shapes.ts";
import type { Tensor } from "../../../contract/tensor.ts";
import { h } from "../../dom.ts";
import { gradient, type Scale, shown } from "./color.ts";
import { type Layer, outputName } from "./layers.ts";
import { type Maps, openMaps, type Place } from "./maps.ts";
import type { Text } from "./text.ts";

export interface Pointed {
  readonly layer: Layer;
  readonly place: Place;
  readonly value: number;
}

export interface LayerList {
  readonly element: HTMLElement;
  open(): readonly Layer[];
  /** Draws what is open; values that are missing stay as they were. */
  draw(outputs: Readonly<Record<string, Tensor>>, dark: boolean, perMap: boolean): void;
  /** Draws the values that it has once more. */
  redraw(dark: boolean, perMap: boolean): void;
  destroy(): void;
}

interface Item {
  readonly layer: Layer;
  readonly element: HTMLDetailsElement;
  readonly legend: Legend;
  maps: Maps | undefined;
  tensor: Tensor | undefined;
}

interface Legend {
  readonly element: HTMLElement;
  /** Maps with colours of their own have no numbers in common. */
  set(scale: Scale, dark: boolean, perMap: boolean): void;
}

export interface LayerListOptions {
  readonly layers: readonly Layer[];
  readonly isOpen: (layer: Layer) => boolean;
  readonly text: Text;
  /** A layer was opened or closed by hand. */
  readonly toggled: (layer: Layer, open: boolean) => void;
  readonly pointed: (at: Pointed | undefined) => void;
  /** A value was clicked, or Enter was pressed on it. */
  readonly picked: (at: Pointed) => void;
}

/** Which element of a layer is at a place, in row-major order. */
export function elementAt({ view }: Layer, { map, row, column }: Place): number {
  return view.kind === "bars" ? column : (map * view.height + row) * view.width + column;
}

export function layerList({ layers, isOpen, text, toggled, pointed, picked }: LayerListOptions): LayerList {
  const items = layers.map((layer) => itemOf(layer, isOpen(layer), text));
  let marked: { readonly item: Item; readonly place: Place } | undefined;
  const tell = (): void => {
    pointed(marked && pointedAt(marked.item, marked.place));
  };
  const point = (item: Item, place: Place | undefined): void => {
    if (marked && marked.item !== item) marked.item.maps?.mark(undefined);
    marked = place && { item, place };
    item.maps?.mark(place);
    tell();
  };
  /** Maps are made when a layer is opened: a deep model has tens of thousands. */
  const fillIn = (item: Item): void => {
    if (item.maps || !item.element.open) return;
    item.maps = openMaps(item.layer, text, {
      point: (place) => point(item, place),
      pick(place) {
        picked(pointedAt(item, place));
        point(item, place); // whatever took the focus away from it
      },
    });
    item.element.append(item.maps.element);
  };
  const drawItem = (item: Item, dark: boolean, perMap: boolean): void => {
    fillIn(item);
    if (item.maps && item.tensor)
      item.legend.set(item.maps.draw({ data: item.tensor.data, dark, perMap }), dark, perMap);
  };
  for (const item of items) {
    fillIn(item);
    let before = item.element.open;
    item.element.addEventListener("toggle", () => {
      if (item.element.open === before) return; // the event of being made
      before = item.element.open;
      fillIn(item);
      toggled(item.layer, before);
    });
  }
  return {
    element: h("div", { class: "layer-list" }, ...items.map((i) => i.element)),
    open: () => items.filter((i) => i.element.open).map((i) => i.layer),
    draw(outputs, dark, perMap) {
      for (const item of items) {
        item.tensor = outputs[outputName(item.layer)] ?? item.tensor;
        if (item.element.open) drawItem(item, dark, perMap);
      }
      tell(); // the value has changed, and the picture
    },
    redraw(dark, perMap) {
      for (const item of items) if (item.element.open) drawItem(item, dark, perMap);
    },
    destroy() {
      for (const item of items) item.maps?.destroy();
    },
  };
}

function pointedAt({ layer, tensor }: Item, place: Place): Pointed {
  return { layer, place, value: tensor?.data[elementAt(layer, place)] ?? Number.NaN };
}

function itemOf(layer: Layer, open: boolean, text: Text): Item {
  const legend = legendOf(layer, text);
  const { op, attrs, inputs, type } = layer.node;
  const { options } = op.summary(
    attrs,
    inputs.map((i) => i.type),
    type,
  );
  const element = h(
    "details",
    { class: "card layer", open, data: { layer: layer.name } },
    h(
      "summary",
      {},
      h("span", { class: "mono layer-name" }, layer.name),
      h("span", { class: "quiet-text layer-op" }, `${layer.op} ${options}`.trim()),
      h("span", { class: "mono quiet-text layer-shape" }, showShape(layer.shape)),
      legend.element,
    ),
  );
  return { layer, element, legend, maps: undefined, tensor: undefined };
}

function legendOf({ view }: Layer, text: Text): Legend {
  const [low, high] = [h("span", {}), h("span", {})];
  const strip = h("span", { class: "strip" });
  const element = h("span", { class: "legend mono" }, low, view.kind === "maps" ? strip : "…", high);
  return {
    element,
    set(scale, dark, perMap) {
      const own = perMap && view.kind === "maps" && view.count > 1;
      low.textContent = own ? text.lowest : shown(scale.low);
      high.textContent = own ? text.highest : shown(scale.high);
      strip.style.background = gradient(scale, dark);
      element.classList.add("known");
    },
  };
}

/** Where the value comes from, in a line. */
export function describe(
  { layer, place, value }: Pointed,
  field: Field | undefined,
  box:
    | { readonly top: number; readonly left: number; readonly bottom: number; readonly right: number }
    | undefined,
  whole: boolean,
  text: Text,
): string {
  const where =
    layer.view.kind === "bars"
      ? [text.element(place.column)]
      : [...(layer.view.count > 1 ? [text.channel(place.map)] : []), text.place(place.row, place.column)];
  const range = (from: number, to: number): string =>
    from === to ? `${from}` : text.from(`${from}`, `${to}`);
  const sees = !field
    ? []
    : !isKnown(field)
      ? [text.seesUnknown]
      : !box
        ? [text.seesPadding]
        : [whole ? text.seesAll : text.sees(range(box.top, box.bottom), range(box.left, box.right))];
  return [`${layer.name}, ${where.join(", ")}: ${shown(value)}`, ...sees].join(" · ");
}
