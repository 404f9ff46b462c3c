/** What `weft run` prints for a person: pictures with their top classes, or the numbers of other outputs. */
import { type Scores, sharesOf } from "../../data/scores.ts";
import type { Batch } from "../input/read.ts";
import type { Ui } from "../ui.ts";
import { bar, type Ranked, ranking } from "./bars.ts";
import { pictureLines } from "./blocks.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface ShowOptions {
  readonly scores: Scores;
  readonly labels: readonly number[] | undefined;
  /** How many classes of an example are shown; default: 3 beside a picture, else the best. */
  readonly top: number | undefined;
  readonly pictures: boolean;
}

/** Pictures are drawn for up to this many examples; more get a line each. */
export const PICTURE_LIMIT = 8;
/** Classes that are shown beside a picture, and listed in JSON. */
export const TOP = 3;
/** Columns of a number; more where one is longer. */
const CELL = 9;
/** Numbers of a row: on a terminal, and where nothing is cut. */
const [NUMBERS, ALL_NUMBERS] = [8, 1000];
const ROWS = 8;
/** Whole numbers from here on have digits that f32 does not know. */
const LARGE = 1e10;

/** The classes of one example, the likeliest first. */
export function topOf(output: Tensor, example: number, scores: Scores, count: number): readonly Ranked[] {
  const row = output.data.subarray(example * scores.count, (example + 1) * scores.count);
  return ranking(sharesOf(row, scores), count);
}

export function className(index: number, { names }: Scores): string {
  return names?.[index] ?? `class ${index}`;
}

const clip = (text: string, width: number): string =>
  text.length > width ? `…${text.slice(text.length - width + 1)}` : text;

function verdict(best: number, label: number | undefined, options: ShowOptions, ui: Ui): string {
  if (label === undefined) return "";
  if (best === label) return ui.colors.green("✓");
  return ui.colors.red(`✗ ${className(label, options.scores)}`);
}

/** The width of the longest class name that is shown, within reason where names are cut. */
function labelWidth(tops: readonly (readonly Ranked[])[], options: ShowOptions, ui: Ui): number {
  const lengths = tops.flat().map((t) => className(t.index, options.scores).length);
  return Math.min(ui.cuts ? 20 : Number.POSITIVE_INFINITY, Math.max(...lengths));
}

function classLines(
  top: readonly Ranked[],
  label: number,
  options: ShowOptions,
  room: number,
  ui: Ui,
): readonly string[] {
  const names = top.map((t) => className(t.index, options.scores));
  const width = Math.max(6, Math.min(24, room - label - 9));
  return top.map((t, i) => {
    const name = clip(names[i] ?? "", label).padEnd(label);
    const drawn = bar(t.share, width);
    const text = `${name}  ${i === 0 ? ui.colors.cyan(drawn) : ui.colors.dim(drawn)} ${(t.share * 100).toFixed(1).padStart(5)}%`;
    return i === 0 ? ui.colors.bold(text) : text;
  });
}

/** The picture on the left, its title and classes on the right. */
function withPicture(batch: Batch, example: number, lines: readonly string[], ui: Ui): string {
  const [channels = 1, height = 1, width = 1] = pictureShape(batch) ?? [];
  const size = channels * height * width;
  const data = batch.data.subarray(example * size, (example + 1) * size);
  const picture = pictureLines({ width, height, channels, data }, ui.colors.isColorSupported, 32);
  const columns = Math.ceil(width / Math.max(1, Math.ceil(width / 32)));
  const rows: string[] = [];
  for (let i = 0; i < Math.max(picture.length, lines.length); i++)
    rows.push(`  ${picture[i] ?? " ".repeat(columns)}  ${lines[i] ?? ""}`.trimEnd());
  return rows.join("\n");
}

/** Channels, height and width of an example that can be drawn. */
function pictureShape(batch: Batch): readonly number[] | undefined {
  if (batch.target.dtype !== "f32") return undefined;
  const dims = batch.target.example;
  const [height = 0, width = 0] = dims.slice(-2);
  const channels = dims.slice(0, -2).reduce((a, b) => a * b, 1);
  const drawable = dims.length >= 2 && (channels === 1 || channels === 3) && height >= 8 && width >= 8;
  return drawable ? [channels, height, width] : undefined;
}

/** Columns of a class's name, bar and share in a list. */
const CLASS = 36;

export function showClasses(batch: Batch, output: Tensor, options: ShowOptions, ui: Ui): void {
  const count = batch.titles.length;
  const drawn = options.pictures && count <= PICTURE_LIMIT && pictureShape(batch) !== undefined;
  let right = 0;
  const most = options.top ?? (drawn ? TOP : 1);
  const tops = batch.titles.map((_, i) => topOf(output, i, options.scores, most));
  const label = labelWidth(tops, options, ui);
  const longest = Math.max(...batch.titles.map((title) => title.length));
  const titles = ui.cuts ? Math.min(longest, Math.max(16, ui.width - CLASS - 4)) : longest;
  const room = drawn && ui.cuts ? ui.width - 40 : titles;
  for (const [i, top] of tops.entries()) {
    const best = top[0]?.index ?? 0;
    const answer = options.labels?.[i];
    if (answer === best) right++;
    const mark = verdict(best, answer, options, ui);
    const title = clip(batch.titles[i] ?? "", room);
    if (drawn) {
      const heading = `${ui.colors.bold(title)} ${mark}`.trimEnd();
      ui.out(withPicture(batch, i, [heading, "", ...classLines(top, label, options, ui.width - 36, ui)], ui));
      ui.out("");
    } else
      for (const [k, line] of classLines(top, label, options, CLASS, ui).entries())
        ui.out(`${(k === 0 ? title : "").padEnd(titles)} ${line} ${k === 0 ? mark : ""}`.trimEnd());
  }
  if (options.labels) ui.out(`${right} of ${count} right (${((100 * right) / count).toFixed(1)}%)`);
}

/** The numbers of an output in columns, the end of long rows left out. */
export function showNumbers(name: string, output: Tensor, ui: Ui): void {
  ui.out(`${ui.colors.bold(name)} [${output.shape.join(", ")}]`);
  const width = output.shape.at(-1) ?? 1;
  const rows = output.data.length / Math.max(1, width);
  const shown = Array.from({ length: Math.min(rows, ROWS) }, (_, r) =>
    [...output.data.subarray(r * width, r * width + Math.min(width, ui.cuts ? NUMBERS : ALL_NUMBERS))].map(
      (v) => (Number.isInteger(v) && Math.abs(v) < LARGE ? `${v}` : v.toPrecision(5)),
    ),
  );
  const cell = Math.max(CELL, 2 + shown.flat().reduce((most, text) => Math.max(most, text.length), 0));
  const more = (count: number): string => `  … ${count} more`;
  const room = (columns: number): number => Math.max(1, Math.floor(columns / cell));
  const most = ui.cuts ? Math.min(NUMBERS, room(ui.width)) : ALL_NUMBERS;
  const taken = width <= most ? width : Math.min(most, ui.cuts ? room(ui.width - more(width).length) : most);
  for (const row of shown)
    ui.out(
      row
        .slice(0, taken)
        .map((text) => text.padStart(cell))
        .join("") + (taken < width ? more(width - taken) : ""),
    );
  if (rows > ROWS) ui.out(`  … ${rows - ROWS} more rows`);
}

/** Nested arrays in the tensor's shape; every float in the shortest form that reads back as the same float32. */
export function nested(tensor: Tensor): unknown {
  const build = (depth: number, from: number, to: number): unknown => {
    const size = tensor.shape[depth];
    if (size === undefined) return Number((tensor.data[from] ?? 0).toPrecision(9));
    const step = size === 0 ? 0 : (to - from) / size;
    return Array.from({ length: size }, (_, i) => build(depth + 1, from + i * step, from + (i + 1) * step));
  };
  return build(0, 0, tensor.data.length);
}
