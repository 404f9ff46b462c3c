/** The Try tab for one model in one language: a picture in, layers and scores out. */
import { shapeWith } from "../../../contract/sizes.ts";
import { fill, h } from "../../dom.ts";
import { dark } from "../../theme.ts";
import { type AboutWeights, aboutWeights } from "./aboutWeights.ts";
import { type Answers, answersOf } from "./answers.ts";
import { type Box, indicesOf } from "./field.ts";
import { elementAt, type LayerList, type LayerListOptions, layerList } from "./layerList.ts";
import { type Layer, layersOf, openAtFirst, parameterCount } from "./layers.ts";
import { type Notes, notes } from "./notes.ts";
import { type PixelCard, pixelCard } from "./pixel/card.ts";
import type { Memory, TryProps } from "./props.ts";
import { type Readout, readout } from "./readout.ts";
import type { Source } from "./source.ts";
import { keptNumbers, sourceOf, takeArray } from "./sources.ts";
import type { Text } from "./text.ts";
import { type Listener, Trial, type Tried } from "./trial.ts";

/** Models with more parameters are computed when their user asks for it. */
const BIG = 10_000_000;
/** Holds a line's place. */
const NOTHING = "\u00a0";

interface Parts {
  readonly status: HTMLElement;
  readonly scale: HTMLSelectElement;
  readonly notes: Notes;
  readonly about: AboutWeights;
  readonly source: Source;
  readonly answers: Answers;
  readonly list: LayerList;
  readonly line: Readout;
  readonly pixel: PixelCard;
}

export function showTry(host: HTMLElement, props: TryProps): () => void {
  const { studio, memory } = props;
  const events: Events = {
    changed: () => trial.rerun(),
    toggled: () => trial.rebuild(),
    open: studio.open,
  };
  const parts = partsOf(props, events);
  const { answers, source, list } = parts;
  const trial: Trial = new Trial(triedBy(props, parts), {
    ...shownIn(parts, props),
    forbidden: () => askFirst(props, parts, trial),
    failed: (error) => complain(error, parts, trial),
  });
  answers.expect(studio.weights.value); // from the beginning on, so that nothing moves when they are known
  lay(host, parts, props.text);
  const stops = [
    studio.weights.watch(() => trial.rebuild()),
    studio.given.watch((given) => {
      if (given?.kind === "array") {
        studio.given.set(null);
        takeArray(given.file, props).catch((error) => parts.notes.refused(error));
      }
      if (given?.kind !== "picture") return;
      studio.given.set(null);
      if (source.picture) void source.picture.takePicture(given.file);
      else parts.notes.refused(new Error(props.text.noPicture));
    }),
    studio.target.watch(() => trial.rebuild()),
    dark.watch((now) => {
      list.redraw(now, memory.perMap);
      parts.pixel.redraw();
    }),
  ];
  return () => {
    source.leave();
    parts.pixel.leave();
    trial.destroy();
    for (const stop of stops) stop();
    list.destroy();
  };
}

interface Events {
  /** The picture was. */
  readonly changed: () => void;
  /** A layer was opened, which is to be watched. */
  readonly toggled: () => void;
  readonly open: (files: readonly File[]) => void;
}

function partsOf(props: TryProps, { changed, toggled, open }: Events): Parts {
  const { studio, model, memory, text } = props;
  const { graph } = model;
  const about = aboutWeights({
    hidden: parameterCount(graph) === 0,
    text,
    open,
    useInitial: () => studio.weights.set(null),
  });
  const source = sourceOf(props, changed);
  const line = readout(graph, source.picture, text);
  const pixel = pixelCard({
    graph,
    program: model.compilation.program,
    text,
    need: toggled,
    frame: (index) => source.picture?.frameBox(index && pixelBox(index)),
  });
  const list = layerList({
    ...remembered(props, toggled),
    text,
    pointed: (at) => line.point(at),
    picked: ({ layer, place }) =>
      pixel.show({
        node: layer.node,
        index: indicesOf(
          shapeWith(layer.node.type.shape, 1, keptNumbers(props).sizes),
          elementAt(layer, place),
        ),
      }),
  });
  return {
    status: h("p", { class: "quiet-text small status", attrs: { role: "status" } }, text.waiting),
    scale: scaleChoice(memory, list, text),
    notes: notes(text),
    about,
    source,
    answers: answersOf(graph, about.element, text),
    list,
    line,
    pixel,
  };
}

/** The last two axes of a picture are its rows and columns. */
function pixelBox(index: readonly number[]): Box {
  const [row = 0, column = 0] = index.slice(-2);
  return { top: row, bottom: row, left: column, right: column };
}

/** The layers with what is remembered of them; `opened` is called where one has to be watched. */
function remembered(
  props: Pick<TryProps, "model" | "memory">,
  opened: () => void,
): Pick<LayerListOptions, "layers" | "isOpen" | "toggled"> {
  const { graph, file } = props.model;
  const { toggled } = props.memory;
  const layers = layersOf(graph, keptNumbers(props).sizes);
  const first = openAtFirst(layers);
  const key = ({ name }: Layer): string => `${file}\n${name}`;
  return {
    layers,
    isOpen: (layer) => toggled.get(key(layer)) ?? first.has(layer.name),
    toggled(layer, open) {
      toggled.set(key(layer), open);
      if (open) opened();
    },
  };
}

function scaleChoice(memory: Memory, list: LayerList, text: Text): HTMLSelectElement {
  const select = h("select", {
    id: "try-scale",
    onchange() {
      memory.perMap = select.value === "map";
      list.redraw(dark.value, memory.perMap);
    },
  });
  select.append(new Option(text.perLayer, "layer"), new Option(text.perMap, "map"));
  select.value = memory.perMap ? "map" : "layer";
  return select;
}

function lay(host: HTMLElement, parts: Parts, text: Text): void {
  const { status, scale, answers, source, list, line, pixel } = parts;
  fill(
    host,
    h("div", { class: "side" }, source.element, answers.element),
    h(
      "div",
      { class: "main" },
      h(
        "div",
        { class: "head" },
        h("h2", {}, text.layers),
        status,
        h("label", { class: "inline", htmlFor: "try-scale" }, text.scale, scale),
      ),
      parts.notes.element,
      pixel.element,
      list.element,
      line.element,
    ),
  );
}

function triedBy({ studio, model, memory }: TryProps, { list, source, pixel }: Parts): Tried {
  const { graph, file } = model;
  const small = parameterCount(graph) <= BIG;
  return {
    graph,
    drawn: memory.drawn,
    allowed: () => small || memory.allowed.has(file),
    device: () => studio.device(),
    target: () => studio.target.value,
    weights: () => studio.weights.value,
    layers: () => [...list.open(), ...pixel.watched()],
    inputs: () => source.inputs(),
  };
}

/** What the parts show of the model at work. */
function shownIn(
  { status, notes: shown, about, answers, list, source, pixel }: Parts,
  props: TryProps,
): Omit<Listener, "forbidden" | "failed"> {
  const { studio, model, memory, text } = props;
  const slow = parameterCount(model.graph) > BIG / 2;
  return {
    beginning: shown.clear,
    doing(what) {
      if (what.kind === "building") status.textContent = text.building(what.kernels);
      else if (what.kind === "drawing") status.textContent = text.drawing(Math.floor(100 * what.part));
      else if (slow) status.textContent = text.computing;
    },
    built({ weights, misfit: why }) {
      const ignored = answers.expect(weights);
      about.update({ weights, misfit: why, ignored, given: studio.weights.value !== null });
    },
    ran(outputs, milliseconds, inputs, { values: weights }) {
      pixel.update({ outputs, inputs, weights, sizes: keptNumbers(props).sizes });
      list.draw(outputs, dark.value, memory.perMap);
      answers.show(outputs, source.isEmpty());
      const digits = milliseconds < 10 ? 1 : 0;
      status.textContent = text.took(milliseconds.toFixed(digits), list.open().length);
    },
  };
}

function askFirst({ model, memory }: TryProps, { notes: shown, status }: Parts, trial: Trial): void {
  shown.ask(parameterCount(model.graph), () => {
    memory.allowed.add(model.file);
    void trial.go();
  });
  status.textContent = NOTHING;
}

function complain(error: unknown, { notes: shown, status }: Parts, trial: Trial): void {
  shown.failed(error, () => trial.rebuild());
  status.textContent = NOTHING;
}
