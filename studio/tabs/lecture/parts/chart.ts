/** Two small plots over the steps: the loss on a logarithmic axis, and the two weights on their way to 1 and −1. */
import { h, svg } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import type { Point } from "../learner.ts";
import { decades, type Frame, path, scaleOf } from "../pure/plot.ts";
import type { Scene } from "../scene.ts";

const FRAME: Frame = { width: 320, height: 170, left: 40, right: 12, top: 12, bottom: 24 };

export interface Chart {
  readonly element: HTMLElement;
  draw(points: readonly Point[]): void;
}

export function chart(scene: Scene): Chart {
  const loss = plot(scene, { en: "Loss", zh: "损失" });
  const weights = plot(scene, { en: "Weights", zh: "权重" });
  return {
    element: h("div", { class: "charts" }, loss.element, weights.element),
    draw(points) {
      const steps = Math.max(10, points.at(-1)?.step ?? 0);
      const x = scaleOf([0, steps], [FRAME.left, FRAME.width - FRAME.right]);
      loss.draw(x, steps, lossParts(points, x));
      weights.draw(x, steps, weightParts(points, x));
    },
  };
}

type Scale = (value: number) => number;

const inside: readonly [number, number] = [FRAME.height - FRAME.bottom, FRAME.top];

function lossParts(points: readonly Point[], x: Scale): SVGElement[] {
  const known = points.flatMap(({ step, loss }) =>
    loss !== undefined && loss > 0 ? [{ step, value: Math.log10(loss) }] : [],
  );
  const { low, high, ticks } = decades(known.map((p) => p.value));
  const y = scaleOf([low, high], inside);
  return [
    ...ticks.flatMap((t) => level(y(t), `${Number((10 ** t).toPrecision(1))}`)),
    ...curve(known, x, y, "curve-a"),
  ];
}

function weightParts(points: readonly Point[], x: Scale): SVGElement[] {
  const most = Math.max(1.25, ...points.flatMap((p) => p.kernel.map(Math.abs)));
  const y = scaleOf([-most, most], inside);
  const series = (i: 0 | 1): { step: number; value: number }[] =>
    points.map((p) => ({ step: p.step, value: p.kernel[i] ?? 0 }));
  return [
    ...level(y(0), "0"),
    ...level(y(1), "1", "target"),
    ...level(y(-1), "−1", "target"),
    ...curve(series(0), x, y, "curve-a"),
    ...curve(series(1), x, y, "curve-b"),
  ];
}

const level = (y: number, text: string, name = ""): SVGElement[] => [
  svg("path", { class: `level ${name}`, d: `M${FRAME.left} ${y}H${FRAME.width - FRAME.right}` }),
  svg("text", { x: FRAME.left - 7, y: y + 4, "text-anchor": "end" }, text),
];

function curve(
  points: readonly { readonly step: number; readonly value: number }[],
  x: Scale,
  y: Scale,
  name: string,
): SVGElement[] {
  const places = points.map((p) => [x(p.step), y(p.value)] as const);
  return [
    svg("path", { class: `curve ${name}`, d: path(places) }),
    ...places.map(([cx, cy]) => svg("circle", { class: `dot ${name}`, cx, cy, r: 2.6 })),
  ];
}

function plot(
  scene: Scene,
  title: Words,
): { element: HTMLElement; draw(x: Scale, steps: number, parts: SVGElement[]): void } {
  const picture = svg("svg", { viewBox: `0 0 ${FRAME.width} ${FRAME.height}`, "aria-hidden": "true" }); // the table holds its numbers
  return {
    element: h("figure", { class: "plot" }, h("figcaption", {}, scene.t(title)), picture),
    draw(x, steps, parts) {
      const every = steps > 20 ? 10 : steps > 10 ? 5 : 2;
      const marks = Array.from({ length: Math.floor(steps / every) + 1 }, (_, i) =>
        svg("text", { x: x(i * every), y: FRAME.height - 6, "text-anchor": "middle" }, i * every),
      );
      picture.replaceChildren(...marks, ...parts);
    },
  };
}
