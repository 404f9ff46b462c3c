/** Text in aligned columns, for a terminal of a given width. Nothing wraps: what does not fit is cut with `…`. */
import type { Program } from "../../contract/program.ts";

export interface Column {
  readonly header: string;
  readonly align?: "right";
  /** Whether cells may be cut, and where; columns are cut in the order of `cutOrder`, the lowest first. */
  readonly cut?: "start" | "end";
  readonly cutOrder?: number;
  /** Not cut below this before the other columns have given what they can; default the least width of all. */
  readonly keep?: number;
  /** Secondary text, dimmed where colour is on. */
  readonly dim?: boolean;
}

const gap = 2;
/** A column is never cut below this. */
const least = 6;

/** Terminal cells a text takes: two for East Asian wide characters, none for combining marks. */
export function textWidth(text: string): number {
  let width = 0;
  for (const c of text)
    width += /\p{M}/u.test(c)
      ? 0
      : /[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠￠-￦\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(c)
        ? 2
        : 1;
  return width;
}

/** A name from a model, for a terminal: control characters, which it would obey, are shown as `�`. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, "�");
}

export function cutText(text: string, width: number, where: "start" | "end"): string {
  if (textWidth(text) <= width) return text;
  let kept = [...text];
  const size = (): number => textWidth(kept.join("")) + 1;
  while (kept.length > 0 && size() > width) kept = where === "start" ? kept.slice(1) : kept.slice(0, -1);
  return where === "start" ? `…${kept.join("")}` : `${kept.join("")}…`;
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((c, i) => Math.max(textWidth(c.header), ...rows.map((r) => textWidth(r[i] ?? ""))));
}

/** The width the columns take without a cut. */
export function tableWidth(columns: readonly Column[], entries: readonly (readonly string[])[]): number {
  return (
    naturalWidths(columns, entries.flatMap(lines)).reduce((a, b) => a + b, 0) + gap * (columns.length - 1)
  );
}

/** A cell of several lines makes a row of several lines; the other cells stand in the first. */
function lines(row: readonly string[]): readonly (readonly string[])[] {
  const cells = row.map((cell) => cell.split("\n"));
  const height = Math.max(...cells.map((c) => c.length));
  return Array.from({ length: height }, (_, i) => cells.map((c) => c[i] ?? ""));
}

/** Header and rows as lines of at most `width` cells (more only where columns that may not be cut need it). */
export function layoutTable(
  columns: readonly Column[],
  entries: readonly (readonly string[])[],
  options: { readonly width: number; readonly color?: boolean },
): readonly string[] {
  const rows = entries.flatMap(lines);
  const widths = naturalWidths(columns, rows);
  let excess = tableWidth(columns, rows) - options.width;
  const cuttable = columns.map((c, i) => ({ i, c })).filter(({ c }) => c.cut !== undefined);
  const order = cuttable.toSorted((a, b) => (a.c.cutOrder ?? 0) - (b.c.cutOrder ?? 0));
  const floors = [
    ...order.map(({ i, c }) => ({ i, floor: c.keep ?? least })),
    ...order.map(({ i }) => ({ i, floor: least })),
  ];
  for (const { i, floor } of floors) {
    const width = widths[i] ?? 0;
    const give = Math.min(Math.max(0, excess), Math.max(0, width - floor));
    widths[i] = width - give;
    excess -= give;
  }
  const line = (cells: readonly string[], paint: (text: string, c: Column) => string): string =>
    columns
      .map((c, i) => {
        const width = widths[i] ?? 0;
        const text = cutText(cells[i] ?? "", width, c.cut ?? "end");
        const space = " ".repeat(Math.max(0, width - textWidth(text)));
        const last = i === columns.length - 1;
        return c.align === "right" ? `${space}${paint(text, c)}` : `${paint(text, c)}${last ? "" : space}`;
      })
      .join(" ".repeat(gap))
      .trimEnd();
  const styled = (code: number, text: string): string =>
    options.color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
  return [
    line(
      columns.map((c) => c.header),
      (text) => styled(1, text),
    ),
    ...rows.map((row) => line(row, (text, c) => (c.dim ? styled(2, text) : text))),
  ];
}

/** Breaks between words; the lines after the first begin with `hanging`. */
export function wrapText(
  text: string,
  options: { readonly width: number; readonly indent: string; readonly hanging: string },
): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) /)) {
    const start = lines.length === 0 ? options.indent : options.hanging;
    const joined = line === "" ? `${start}${word}` : `${line} ${word}`;
    if (textWidth(joined) <= options.width || line === "") {
      line = joined;
      continue;
    }
    lines.push(line);
    line = `${options.hanging}${word}`;
  }
  return [...lines, line];
}

/** `117,600` */
export function grouped(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Exact up to seven digits, then `118.2 M`, `4.1 G`. */
export function compact(value: number): string {
  if (value < 1e7) return grouped(value);
  const [scale, unit] = value < 1e9 ? [1e6, "M"] : value < 1e12 ? [1e9, "G"] : [1e12, "T"];
  return `${(value / scale).toFixed(1)} ${unit}`;
}

/** `N = 1, T = 64`: what is measured and counted at, sizes with a bound at their most. */
export const atText = (batch: number, { sizes = [] }: Pick<Program, "sizes">): string =>
  [`N = ${batch}`, ...sizes.map(({ name, max }) => `${name} = ${max}`)].join(", ");

/** `18.8 kB`, in powers of 1000. */
export function bytesText(value: number): string {
  if (value < 1000) return `${value} B`;
  const [scale, unit] = value < 1e6 ? [1e3, "kB"] : value < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(value / scale).toFixed(1)} ${unit}`;
}
