/** The geometry of the curves: points in, paths and ticks out. Pure. */
import { axisTop, type EpochPoint, niceStep, SERIES } from "../../../cli/output/curve.ts";

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export interface Plot {
  readonly width: number;
  readonly height: number;
  /** The area of the curves. */
  readonly area: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
  /** In the order of `SERIES`: an SVG path and its end; undefined where there is no point yet. */
  readonly curves: readonly (
    | { readonly path: string; readonly end: readonly [x: number, y: number] }
    | undefined
  )[];
  /** The abscissa of each point. */
  readonly at: readonly number[];
}

const LEFT = 40;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 40;

/** The points over 0 … `epochs`. A point's epoch may be a fraction; a figure that is not finite has no point. */
export function plotOf(points: readonly EpochPoint[], epochs: number, width: number, height: number): Plot {
  const area = { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
  const last = Math.max(epochs, 1, ...points.map((p) => p.epoch));
  const top = axisTop(points);
  const x = (epoch: number): number => area.left + (epoch / last) * (area.right - area.left);
  const y = (value: number): number => area.bottom - (value / top) * (area.bottom - area.top);
  const ticks = (to: number, step: number, place: (value: number) => number): readonly Tick[] =>
    Array.from({ length: Math.floor(to / step + 1e-9) + 1 }, (_, i) => ({
      at: place(i * step),
      text: `${Number((i * step).toPrecision(3))}`,
    }));
  return {
    width,
    height,
    area,
    x: ticks(last, Math.max(1, niceStep(last, Math.min(10, Math.floor(width / 60)))), x),
    y: ticks(top, niceStep(top, 5), y),
    curves: SERIES.map(({ of }) => {
      const known = points.filter((p) => Number.isFinite(of(p)));
      const end = known.at(-1);
      if (!end) return undefined;
      const place = (p: EpochPoint): readonly [number, number] => [x(p.epoch), y(of(p))];
      const path = known.map((p, i) => {
        const [px, py] = place(p);
        return `${i === 0 ? "M" : "L"}${px.toFixed(1)} ${py.toFixed(1)}`;
      });
      return { path: path.join(""), end: place(end) };
    }),
    at: points.map((p) => x(p.epoch)),
  };
}

/** Which of the points is nearest to an abscissa; undefined where there are none. */
export function nearest(at: readonly number[], x: number): number | undefined {
  let best: number | undefined;
  at.forEach((each, i) => {
    if (best === undefined || Math.abs(each - x) < Math.abs((at[best] ?? 0) - x)) best = i;
  });
  return best;
}
