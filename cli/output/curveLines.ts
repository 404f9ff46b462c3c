/** The curves in the terminal, in braille dots: losses at the left axis, accuracies at the right one. */
import type { Colors } from "../ui.ts";
import {
  type EpochPoint,
  epochTicks,
  figureText,
  type ScaleOf,
  type Series,
  scaleOf,
  seriesOf,
  shares,
  tickText,
} from "./curve.ts";

/** The bit of a dot in a braille character: https://www.unicode.org/charts/PDF/U2800.pdf */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

interface Cell {
  bits: number;
  color: Series["color"];
}

/** Two by four dots to a character. */
class Canvas {
  readonly #rows: Cell[][];
  constructor(columns: number, rows: number) {
    this.#rows = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => ({ bits: 0, color: "cyan" as const })),
    );
  }

  dot(x: number, y: number, color: Series["color"]): void {
    const cell = this.#rows[Math.floor(y / 4)]?.[Math.floor(x / 2)];
    if (!cell) return;
    cell.bits |= DOTS[y % 4]?.[x % 2] ?? 0;
    cell.color = color;
  }

  /** Neighbours of one colour share their escape codes. */
  lines(colors: Colors): readonly string[] {
    return this.#rows.map((row) => {
      const runs: { color: Series["color"] | undefined; text: string }[] = [];
      for (const { bits, color } of row) {
        const wanted = bits ? color : undefined;
        const last = runs.at(-1);
        const text = bits ? String.fromCodePoint(0x2800 + bits) : " ";
        if (last?.color === wanted && last) last.text += text;
        else runs.push({ color: wanted, text });
      }
      return runs.map(({ color, text }) => (color ? colors[color](text) : text)).join("");
    });
  }
}

/** Whether dot `at` along a line is on. */
function lit(dashes: readonly number[], at: number): boolean {
  let rest =
    at %
    Math.max(
      1,
      dashes.reduce((a, b) => a + b, 0),
    );
  for (const [i, length] of dashes.entries()) {
    if (rest < length) return i % 2 === 0;
    rest -= length;
  }
  return true;
}

export interface CurveOptions {
  /** The epochs at the right end. */
  readonly epochs: number;
  readonly width: number;
  readonly height: number;
  readonly colors: Colors;
}

/** Lines besides the rows of the plot: what the axes are, the epochs' axis with its numbers, and the legend. */
export const LINES_AROUND = 4;

/** The plot with its axes and a legend: `height` + `LINES_AROUND` lines of at most `width` columns. */
export function curveLines(points: readonly EpochPoint[], options: CurveOptions): readonly string[] {
  const { epochs, width, height, colors } = options;
  const { losses, accuracies } = seriesOf(points);
  const most = Math.min(5, Math.max(1, Math.floor((height - 1) / 2)));
  const loss = scaleOf(
    points.flatMap((p) => losses.map(({ of }) => of(p))),
    most,
  );
  const share = shares(most);
  const [left, right] = [labelsOf(loss, height), labelsOf(accuracies.length > 0 ? share : undefined, height)];
  const [before, after] = [widest(left, 5), widest(right, 0)];
  const columns = Math.max(10, width - before - 2 - (after > 0 ? after + 2 : 0));
  const canvas = new Canvas(columns, height);
  const x = (epoch: number): number => Math.round((epoch / epochs) * (2 * columns - 1));
  for (const [list, scale] of [
    [losses, loss],
    [accuracies, share],
  ] as const)
    for (const series of list)
      draw(canvas, points, series, x, (value) => dotOf(value, scale, height), 2 * columns - 1);
  const plot = canvas.lines(colors).map((line, row) => {
    const [from, to] = [left.get(row) ?? "", right.get(row) ?? ""];
    const end = after > 0 ? `${to ? "├" : "│"} ${to}` : "";
    return `${from.padStart(before)} ${from ? "┤" : "│"}${line}${end}`.trimEnd();
  });
  const head = `${"loss".padStart(before)}${after > 0 ? "acc".padStart(columns + after + 3) : ""}`;
  const axis = `${" ".repeat(before + 1)}└${"─".repeat(columns)}${after > 0 ? "┘" : ""}`;
  const numbers = ticksLine(
    epochTicks(epochs, Math.max(1, Math.floor(columns / 7))),
    (epoch) => Math.floor(x(epoch) / 2),
    columns,
  );
  return [
    head,
    ...plot,
    axis,
    `${"epoch".padStart(before)}  ${numbers}`,
    legend(points, [...losses, ...accuracies], width, colors),
  ];
}

/** The row of dots that a value is in. */
const dotOf = (value: number, { bottom, top }: ScaleOf, height: number): number =>
  Math.round((1 - (value - bottom) / (top - bottom)) * (4 * height - 1));

/** The numbers of an axis by the rows that they stand in. */
const labelsOf = (scale: ScaleOf | undefined, height: number): ReadonlyMap<number, string> =>
  new Map(scale?.ticks.map((tick) => [Math.floor(dotOf(tick, scale, height) / 4), tickText(tick)]));

const widest = (labels: ReadonlyMap<number, string>, least: number): number =>
  Math.max(least, ...[...labels.values()].map((text) => text.length));

/** Whole numbers below their places, the last one to the left of the end; those that would touch are left out. */
function ticksLine(ticks: readonly number[], columnOf: (tick: number) => number, columns: number): string {
  let line = "";
  for (const tick of ticks) {
    const text = `${tick}`;
    const at = Math.min(columnOf(tick), columns - text.length);
    if (at >= line.length + (line === "" ? 0 : 1)) line = line.padEnd(at) + text;
  }
  return line;
}

function draw(
  canvas: Canvas,
  points: readonly EpochPoint[],
  { of, dashes, color }: Series,
  x: (epoch: number) => number,
  y: (value: number) => number,
  end: number,
): void {
  let along = 0;
  const known = points.filter((p) => Number.isFinite(of(p)));
  for (const [i, point] of known.entries()) {
    const before = known[i - 1] ?? point;
    const [x0, y0, x1, y1] = [x(before.epoch), y(of(before)), x(point.epoch), y(of(point))];
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let s = 0; s <= steps; s++) {
      const share = steps === 0 ? 1 : s / steps;
      if (s === steps || lit(dashes, along++))
        canvas.dot(Math.round(x0 + (x1 - x0) * share), Math.round(y0 + (y1 - y0) * share), color);
    }
  }
  const last = known.at(-1); // where training is, or the one point there is
  if (!last) return;
  const right = Math.min(end, x(last.epoch) + 1);
  const above = Math.max(0, y(of(last)) - 1);
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const)
    canvas.dot(right - dx, above + dy, color);
}

/** Samples of the lines with their names and last values, as far as there is room. */
function legend(
  points: readonly EpochPoint[],
  all: readonly Series[],
  width: number,
  colors: Colors,
): string {
  const samples = width < 76 ? [] : ["⣀⣀⣀ ", "⣀⠀⣀ ", "⣀⡀⢀ "];
  const parts = all.map((series) => {
    const { name, of, color } = series;
    const last = points.findLast((p) => Number.isFinite(of(p)));
    const value = last ? ` ${figureText(of(last))}` : "";
    const sample = samples[series.dashes.length / 2];
    return sample ? `${colors[color](sample)}${name}${value}` : colors[color](`${name}${value}`);
  });
  return samples.length > 0 ? `       ${parts.join("   ")}` : parts.join("  ");
}
