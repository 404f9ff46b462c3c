/** The lecture's plot in the terminal: train loss, train accuracy and test accuracy over the epochs, in braille dots. */
import type { Measured } from "../../runtime/train.ts";
import type { Colors } from "../ui.ts";

export interface EpochPoint {
  /** From 1 on. */
  readonly epoch: number;
  readonly loss: number;
  /** NaN where no loss knows right and wrong. */
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
  readonly testLoss?: number;
  /** Where there are several. */
  readonly losses?: readonly Measured[];
  readonly testLosses?: readonly Measured[] | undefined;
}

/** A curve: what it shows, and its pattern of dots on and off, so that it can be told apart without colour. */
export interface Series {
  readonly name: string;
  readonly of: (point: EpochPoint) => number;
  readonly dashes: readonly number[];
  readonly color: "cyan" | "magenta" | "green";
}

/** The lecture's line styles. */
export const SERIES: readonly Series[] = [
  { name: "train loss", of: (p) => p.loss, dashes: [], color: "cyan" },
  { name: "train acc", of: (p) => p.trainAccuracy, dashes: [4, 3], color: "magenta" },
  { name: "test acc", of: (p) => p.testAccuracy, dashes: [5, 2, 1, 2], color: "green" },
];

/** A step of 1, 2 or 5 times a power of ten that divides `range` into at most `most` parts. */
export function niceStep(range: number, most: number): number {
  const power = 10 ** Math.floor(Math.log10(range / most));
  return power * ([1, 2, 5].find((factor) => factor * power * most >= range) ?? 10);
}

/** The top of the axis, which begins at 0: room for accuracies of 1 and for every loss. */
export function axisTop(points: readonly EpochPoint[]): number {
  const most = Math.max(1, ...points.flatMap((p) => SERIES.map(({ of }) => of(p)).filter(Number.isFinite)));
  const step = niceStep(most, 5);
  return Math.ceil(most / step - 1e-9) * step;
}

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
      return runs
        .map(({ color, text }) => (color ? colors[color](text) : text))
        .join("")
        .trimEnd();
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
  /** The epoch at the right end. */
  readonly epochs: number;
  readonly width: number;
  readonly height: number;
  readonly colors: Colors;
}

/** The plot with its axes and a legend: `height` + 3 lines of at most `width` columns. */
export function curveLines(points: readonly EpochPoint[], options: CurveOptions): readonly string[] {
  const { epochs, width, height, colors } = options;
  const columns = Math.max(10, width - 7);
  const top = axisTop(points);
  const canvas = new Canvas(columns, height);
  const x = (epoch: number): number =>
    Math.round(((epoch - 1) / Math.max(1, epochs - 1)) * (2 * columns - 1));
  const y = (value: number): number => Math.round((1 - value / top) * (4 * height - 1));
  for (const { of, dashes, color } of SERIES) {
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
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const)
      if (last) canvas.dot(Math.min(2 * columns - 1, x(last.epoch) + dx), y(of(last)) + dy - 1, color);
  }
  const middle = Math.floor((height - 1) / 2);
  const label = (row: number): string => {
    if (row === 0) return top.toPrecision(3);
    if (row === height - 1) return "0";
    return row === middle ? ((top * (height - 1 - row)) / (height - 1)).toPrecision(3) : "";
  };
  const plot = canvas
    .lines(colors)
    .map((line, row) => `${label(row).padStart(5)} ${label(row) ? "┤" : "│"}${line}`);
  const end = `${epochs}`;
  const axis = `      └${"─".repeat(columns)}`;
  const ticks = `       1${"epoch".padStart(Math.floor(columns / 2) + 1).padEnd(columns - 1 - end.length)}${end}`;
  return [...plot, axis, ticks, legend(points, width, colors)];
}

/** Samples of the lines with their names and last values, as far as there is room. */
function legend(points: readonly EpochPoint[], width: number, colors: Colors): string {
  const last = points.at(-1);
  const samples = width < 76 ? [] : ["⣀⣀⣀ ", "⣀⠀⣀ ", "⣀⡀⢀ "];
  const parts = SERIES.map(({ name, of, color }, i) => {
    const value = last ? ` ${of(last).toFixed(3)}` : "";
    return samples[i] ? `${colors[color](samples[i])}${name}${value}` : colors[color](`${name}${value}`);
  });
  return samples.length > 0 ? `       ${parts.join("   ")}` : parts.join("  ");
}
