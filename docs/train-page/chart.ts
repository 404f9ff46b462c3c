/** The lecture's animated plot: train loss, train accuracy and test accuracy over the epochs, as SVG. */
import { axisTop, type EpochPoint, niceStep, SERIES } from "../../cli/output/curve.ts";

const LEFT = 40;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 40;
const HEIGHT = 300;
/** Colours are classes of the style sheet; the dashes tell the curves apart without them. */
const CLASSES = ["loss", "train", "test"];

function element(name: string, attributes: Readonly<Record<string, string | number>>, text = ""): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  made.textContent = text;
  return made;
}

/** Draws the points over 0 … `epochs`, as wide as the element is. A point's epoch may be a fraction. */
export function drawCurves(svg: SVGElement, points: readonly EpochPoint[], epochs: number): void {
  const width = Math.max(240, Math.round(svg.getBoundingClientRect().width));
  const last = Math.max(epochs, ...points.map((p) => p.epoch));
  const top = axisTop(points);
  const x = (epoch: number): number => LEFT + (epoch / last) * (width - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const parts: SVGElement[] = [];
  const step = niceStep(top, 5);
  for (let value = 0; value <= top + 1e-9; value += step) {
    const text = `${Number(value.toPrecision(3))}`;
    parts.push(element("path", { class: "grid", d: `M${LEFT} ${y(value)}H${width - RIGHT}` }));
    parts.push(element("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, text));
  }
  const every = Math.max(1, niceStep(last, 10));
  for (let epoch = 0; epoch <= last; epoch += every)
    parts.push(
      element("text", { x: x(epoch), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, `${epoch}`),
    );
  const middle = (LEFT + width - RIGHT) / 2;
  parts.push(element("text", { x: middle, y: HEIGHT - 4, "text-anchor": "middle" }, "epoch"));
  SERIES.forEach(({ of }, i) => {
    const known = points.filter((p) => Number.isFinite(of(p)));
    const end = known.at(-1);
    if (!end) return;
    const d = known.map((p, k) => `${k === 0 ? "M" : "L"}${x(p.epoch).toFixed(1)} ${y(of(p)).toFixed(1)}`);
    parts.push(element("path", { class: `curve ${CLASSES[i]}`, d: d.join("") }));
    parts.push(element("circle", { class: `dot ${CLASSES[i]}`, cx: x(end.epoch), cy: y(of(end)), r: 3.5 }));
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(...parts);
}

/** The legend: a sample of each line, its name and its last value. */
export function showLegend(list: HTMLElement, points: readonly EpochPoint[]): void {
  const rows = SERIES.map(({ name, of }, i) => {
    const row = document.createElement("li");
    const sample = element("svg", { viewBox: "0 0 36 10", "aria-hidden": "true" });
    sample.append(element("path", { class: `curve ${CLASSES[i]}`, d: "M1 5H35" }));
    const end = points.findLast((p) => Number.isFinite(of(p)));
    const value = document.createElement("b");
    value.textContent = end ? of(end).toFixed(3) : "–";
    row.append(sample, `${name} `, value);
    return row;
  });
  list.replaceChildren(...rows);
}
