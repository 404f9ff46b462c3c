/** The graph: a box for each layer, a frame around the layers of a kernel. */
import type { Box, Drawing, Edge, Frame } from "../../compile/drawing.ts";
import type { ModelView } from "../../compile/view.ts";
import { h, svg } from "../../dom.ts";
import { type Camera, camera } from "./camera.ts";
import type { Meter } from "./measure.ts";
import { chooseLayer, type State } from "./state.ts";
import { milliseconds } from "./text.ts";
import type { Word } from "./words.ts";
import "./graph.css";

export function graphPane(state: State, { tools, status }: Meter): HTMLElement {
  const layer = svg("g", { class: "boxes" });
  const canvas = svg(
    "svg",
    { class: "canvas", role: "group", tabindex: -1 },
    svg("defs", {}, arrow()),
    layer,
  );
  const view = camera(canvas, (transform) => layer.setAttribute("transform", transform));
  const title = h("h2", { id: "graph-title" });
  state.speak(() => {
    title.textContent = state.say("graph");
    canvas.setAttribute("aria-label", state.say("graphHelp"));
  });
  draw(layer, state, view);
  canvas.addEventListener("keydown", (event) => onKey(event, view, layer));
  const resized = new ResizeObserver(() => view.move(0, 0));
  resized.observe(canvas);
  state.leave(() => resized.disconnect());
  return h(
    "section",
    { class: "card pane graph", attrs: { "aria-labelledby": "graph-title" } },
    h(
      "div",
      { class: "head" },
      title,
      h("div", { class: "row tools" }, ...tools, ...zoomButtons(view, state)),
    ),
    status,
    h("div", { class: "window" }, canvas),
  );
}

function zoomButtons(view: Camera, state: State): readonly HTMLElement[] {
  const button = (text: string, word: Word, onclick: () => void): HTMLElement => {
    const element = h("button", { type: "button", class: "quiet icon", onclick }, text);
    state.speak(() => {
      element.title = state.say(word);
      element.setAttribute("aria-label", element.title);
    });
    return element;
  };
  return [
    button("−", "zoomOut", () => view.zoom(1 / 1.25)),
    button("+", "zoomIn", () => view.zoom(1.25)),
    button("⤢", "fit", () => view.fit()),
  ];
}

/** Keeps the drawing as the model, the choice, the pointer and the measured times have it. */
function draw(layer: SVGGElement, state: State, view: Camera): void {
  let shown: ModelView | null = null;
  let cells: ReadonlyMap<string, SVGGElement> = new Map();
  const update = (): void => mark(layer, cells, state);
  state.watch(state.view, (next) => {
    const first = shown === null;
    const other = shown?.drawing.width !== next?.drawing.width || shown?.table.model !== next?.table.model;
    shown = next;
    cells = next ? drawInto(layer, next, state, view) : new Map();
    if (next) view.resize(next.drawing.width, next.drawing.height);
    if (next && (first || other)) requestAnimationFrame(() => view.start(middleOf(next.drawing)));
    update();
  });
  state.watch(state.choice, ({ layer: name }) => {
    update();
    const box = shown?.drawing.boxes.find((b) => b.kind === "layer" && b.name === name);
    if (box) view.reveal(box);
  });
  state.watch(state.pointed, update);
  state.watch(state.times, (times) => {
    for (const label of layer.querySelectorAll<SVGTextElement>(".frame .time")) {
      const value = times?.view === shown ? times?.each[Number(label.dataset["group"])] : undefined;
      label.textContent = value === undefined ? "" : milliseconds(value);
    }
  });
}

/** What is chosen and what is pointed at. */
function mark(layer: SVGGElement, cells: ReadonlyMap<string, SVGGElement>, { choice, pointed }: State): void {
  const { layer: chosen, group } = choice.value;
  for (const cell of cells.values()) {
    const isLayer = cell.classList.contains("layer"); // an input may have a layer's name
    cell.classList.toggle("chosen", isLayer && cell.dataset["name"] === chosen);
    cell.classList.toggle("pointed", cell.dataset["name"] === pointed.value);
  }
  for (const frame of layer.querySelectorAll<SVGGElement>(".frame"))
    frame.classList.toggle("chosen", frame.dataset["group"] === `${group}`);
  reachable(layer, cells);
}

/** Of the first box: where reading begins. */
function middleOf({ boxes: [first], width }: Drawing): number {
  return first ? first.x + first.width / 2 : width / 2;
}

function arrow(): SVGElement {
  return svg(
    "marker",
    { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    svg("path", { d: "M1 1 L7 4 L1 7", fill: "none", class: "arrow" }),
  );
}

function drawInto(
  layer: SVGGElement,
  model: ModelView,
  state: State,
  view: Camera,
): ReadonlyMap<string, SVGGElement> {
  const { boxes, frames, edges }: Drawing = model.drawing;
  const cells = new Map(boxes.map((box) => [box.id, boxCell(box, state, view)]));
  layer.replaceChildren(
    ...frames.map((frame) => frameCell(frame, model, state, view)),
    ...edges.map(edgePath),
    ...cells.values(),
  );
  return cells;
}

/** One cell at a time is reached by Tab, the arrow keys go on from there. */
function reachable(layer: SVGGElement, cells: ReadonlyMap<string, SVGGElement>): void {
  const list = [...cells.values()];
  const now =
    list.find((c) => c === document.activeElement) ??
    list.find((c) => c.classList.contains("chosen")) ??
    list[0];
  for (const cell of layer.querySelectorAll("[role=button]"))
    cell.setAttribute("tabindex", cell === now ? "0" : "-1");
}

function boxCell(box: Box, state: State, view: Camera): SVGGElement {
  const { name, shape, lines, width, height } = box;
  const label = [name, shape, ...lines].join(", "); // as it is read
  const room = width - 28;
  const shapeWidth = 7.3 * shape.length;
  const cell = svg(
    "g",
    {
      class: `cell ${box.kind}`,
      transform: `translate(${box.x} ${box.y})`,
      role: "button",
      tabindex: -1,
      "aria-label": label,
    },
    svg("title", {}, label),
    svg("rect", { width, height, rx: box.kind === "layer" ? 7 : 17 }),
    svg("text", { class: "name", x: 14, y: 22 }, cutStart(name, (room - shapeWidth - 12) / 8.4)),
    svg("text", { class: "shape", x: width - 14, y: 22, "text-anchor": "end" }, shape),
    ...lines.map((line, i) => svg("text", { class: "line", x: 14, y: 43 + 19 * i }, cut(line, room / 6.4))),
  );
  cell.dataset["name"] = name;
  if (box.group !== null) cell.dataset["group"] = `${box.group}`;
  if (box.kind !== "layer") {
    cell.addEventListener("focus", () => view.reveal(box));
    return cell;
  }
  cell.addEventListener("click", () => chooseLayer(state, name));
  cell.addEventListener("pointerenter", () => state.pointed.set(name));
  cell.addEventListener("pointerleave", () => state.pointed.set(null));
  cell.addEventListener("focus", () => {
    view.reveal(box);
    state.pointed.set(name);
  });
  cell.addEventListener("blur", () => state.pointed.set(null));
  return cell;
}

function frameCell(frame: Frame, model: ModelView, state: State, view: Camera): SVGGElement {
  const { group, x, y, width, height } = frame;
  const kernel = model.kernels[group];
  const name = kernel?.name ?? "";
  const time = svg("text", { class: "time", x: x + width - 14, y: y + 20, "text-anchor": "end" });
  time.dataset["group"] = `${group}`;
  const cell = svg(
    "g",
    { class: "frame", role: "button", tabindex: -1, "aria-label": `${state.say("kernel")} ${name}` },
    svg("title", {}, `${name}: ${kernel?.layers.join(" + ") ?? ""}`),
    svg("rect", { class: "outline", x, y, width, height, rx: 12 }),
    svg("text", { class: "kernel", x: x + 14, y: y + 20 }, cut(name, (width - 100) / 7)),
    time,
  );
  cell.dataset["group"] = `${group}`;
  cell.addEventListener("click", () => state.choice.set({ layer: null, group }));
  cell.addEventListener("focus", () => view.reveal({ x, y, width, height: 40 }));
  return cell;
}

/** A smooth way through the points: straight to the middle between two points, and around the points themselves. */
function edgePath({ points }: Edge): SVGPathElement {
  const [first, ...rest] = points;
  const at = (p: readonly [number, number]): string => `${p[0].toFixed(1)} ${p[1].toFixed(1)}`;
  let d = first ? `M${at(first)}` : "";
  rest.forEach((p, i) => {
    const next = rest[i + 1];
    d += next ? `Q${at(p)} ${at([(p[0] + next[0]) / 2, (p[1] + next[1]) / 2])}` : `L${at(p)}`;
  });
  return svg("path", { class: "edge", d, "marker-end": "url(#arrow)" });
}

/** Layers as they are drawn, each frame before its first layer. */
function inOrder(layer: SVGGElement): readonly SVGGElement[] {
  const frames = new Map(
    [...layer.querySelectorAll<SVGGElement>(".frame")].map((frame) => [frame.dataset["group"], frame]),
  );
  return [...layer.querySelectorAll<SVGGElement>(".cell")].flatMap((cell) => {
    const frame = frames.get(cell.dataset["group"]);
    frames.delete(cell.dataset["group"]);
    return frame ? [frame, cell] : [cell];
  });
}

/** Of a path such as `stage1/first/conv1` the end tells most. */
function cutStart(text: string, most: number): string {
  const length = Math.max(3, Math.floor(most));
  return text.length <= length ? text : `…${text.slice(1 - length)}`;
}

function cut(text: string, most: number): string {
  const length = Math.max(3, Math.floor(most));
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function onKey(event: KeyboardEvent, view: Camera, layer: SVGGElement): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = 80;
  const pans: Readonly<Record<string, () => void>> = {
    ArrowUp: () => view.move(0, step),
    ArrowDown: () => view.move(0, -step),
    ArrowLeft: () => view.move(step, 0),
    ArrowRight: () => view.move(-step, 0),
  };
  const keys: Readonly<Record<string, () => void>> = {
    ...(event.shiftKey ? pans : {}),
    "+": () => view.zoom(1.25),
    "=": () => view.zoom(1.25),
    "-": () => view.zoom(1 / 1.25),
    "0": () => view.fit(),
  };
  const cell = document.activeElement;
  if ((event.key === "Enter" || event.key === " ") && cell instanceof SVGGElement && layer.contains(cell)) {
    event.preventDefault();
    cell.dispatchEvent(new MouseEvent("click"));
    return;
  }
  const run = keys[event.key];
  if (run) {
    event.preventDefault();
    run();
    return;
  }
  const list = inOrder(layer);
  const next = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const at = cell instanceof SVGGElement ? list.indexOf(cell) : -1;
  const target = event.key === "Home" ? list[0] : event.key === "End" ? list.at(-1) : next && list[at + next];
  if (!target) return;
  event.preventDefault();
  target.focus();
}
