/** The lecture's animated plot: train loss, train accuracy and test accuracy over the epochs. */
import { type EpochPoint, SERIES } from "../../../cli/output/curve.ts";
import { fill, h, svg } from "../../dom.ts";
import { nearest, type Plot, plotOf } from "./plot.ts";
import type { Text } from "./text.ts";

export interface Chart {
  readonly element: HTMLElement;
  /** `epochs`: where the axis ends. */
  draw(points: readonly EpochPoint[], epochs: number): void;
  destroy(): void;
}

const HEIGHT = 300;
const NARROWEST = 240;

export function chart(text: Text): Chart {
  const plot = svg("svg", { class: "plot", role: "img", height: HEIGHT });
  const cursor = svg("path", { class: "cursor" });
  const legend = legendOf(text);
  let drawn: { readonly points: readonly EpochPoint[]; readonly epochs: number } = { points: [], epochs: 1 };
  let geometry: Plot | undefined;
  let pointed: number | undefined;

  const show = (): void => {
    const { points } = drawn;
    const one = pointed === undefined ? undefined : points[pointed];
    legend.update(points, one);
    const x = pointed === undefined ? undefined : geometry?.at[pointed];
    cursor.setAttribute(
      "d",
      x === undefined || !geometry ? "" : `M${x} ${geometry.area.top}V${geometry.area.bottom}`,
    );
  };
  const redraw = (): void => {
    const width = Math.max(NARROWEST, Math.round(plot.getBoundingClientRect().width));
    geometry = plotOf(drawn.points, drawn.epochs, width, HEIGHT);
    plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    fill(plot, ...shapes(geometry, text), cursor);
    plot.setAttribute("aria-label", spoken(drawn.points, text));
    show();
  };
  plot.addEventListener("pointermove", (event) => {
    if (geometry) pointed = nearest(geometry.at, event.clientX - plot.getBoundingClientRect().left);
    show();
  });
  plot.addEventListener("pointerleave", () => {
    pointed = undefined;
    show();
  });
  const observer = new ResizeObserver(redraw);
  observer.observe(plot);
  return {
    element: h("figure", { class: "chart" }, plot, legend.element),
    draw(points, epochs) {
      if (points === drawn.points && epochs === drawn.epochs) return;
      drawn = { points, epochs };
      redraw();
    },
    destroy: () => observer.disconnect(),
  };
}

interface Legend {
  readonly element: HTMLElement;
  /** The values of one point; undefined: each curve's last. */
  update(points: readonly EpochPoint[], one: EpochPoint | undefined): void;
}

function legendOf(text: Text): Legend {
  const values = SERIES.map(() => h("b", {}, "–"));
  const epochOf = h("b", {}, "–");
  const sample = (i: number): SVGElement =>
    svg(
      "svg",
      { viewBox: "0 0 36 10", "aria-hidden": "true" },
      svg("path", { class: `curve c${i}`, d: "M1 5H35" }),
    );
  return {
    element: h(
      "ul",
      { class: "legend" },
      h("li", { class: "epoch" }, `${text.epoch} `, epochOf),
      ...SERIES.map((_, i) => h("li", {}, sample(i), `${text.series[i]} `, values[i])),
    ),
    update(points, one) {
      const epoch = one?.epoch ?? points.at(-1)?.epoch;
      epochOf.textContent = epoch === undefined ? "–" : `${Number(epoch.toFixed(2))}`;
      SERIES.forEach(({ of }, i) => {
        const found = one ?? points.findLast((p) => Number.isFinite(of(p)));
        const value = found && of(found);
        const slot = values[i];
        if (slot) slot.textContent = value !== undefined && Number.isFinite(value) ? value.toFixed(3) : "–";
      });
    },
  };
}

function shapes({ area, x, y, curves, height }: Plot, text: Text): readonly SVGElement[] {
  const label = (at: number, top: number, anchor: string, words: string): SVGElement =>
    svg("text", { x: at, y: top, "text-anchor": anchor }, words);
  return [
    ...y.flatMap((t) => [
      svg("path", { class: "grid", d: `M${area.left} ${t.at}H${area.right}` }),
      label(area.left - 8, t.at + 4, "end", t.text),
    ]),
    ...x.map((t) => label(t.at, area.bottom + 18, "middle", t.text)),
    label((area.left + area.right) / 2, height - 4, "middle", text.epoch),
    ...curves.flatMap((curve, i) =>
      curve
        ? [
            svg("path", { class: `curve c${i}`, d: curve.path }),
            svg("circle", { class: `dot c${i}`, cx: curve.end[0], cy: curve.end[1], r: 3.5 }),
          ]
        : [],
    ),
  ];
}

/** The last finished epoch in words, for those who do not see the curves. */
function spoken(points: readonly EpochPoint[], text: Text): string {
  const end = points.findLast((p) => Number.isFinite(p.testAccuracy));
  if (!end) return text.noEpoch;
  return text.afterEpoch(
    end.epoch,
    SERIES.map(({ of }, i) => `${text.series[i]} ${of(end).toFixed(3)}`).join(", "),
  );
}
