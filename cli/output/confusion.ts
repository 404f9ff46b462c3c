/** How a classifier errs: counts of true against predicted classes, as numbers, text and SVG. */
import type { Ui } from "../ui.ts";
import { escapeXml, svg } from "./plot.ts";

/** `counts[t][p]`: how many examples of class t were taken for p. */
export type Confusion = readonly (readonly number[])[];

export interface ClassResult {
  readonly name: string;
  readonly examples: number;
  readonly right: number;
  /** The share of this class's examples that were recognised; null where there are none. */
  readonly recall: number | null;
  /** The share of the answers "this class" that were right; null where it was never the answer. */
  readonly precision: number | null;
  /** The class it was most often mistaken for. */
  readonly mistakenFor: string | null;
}

export function classResults(confusion: Confusion, classes: readonly string[]): readonly ClassResult[] {
  const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return confusion.map((row, label) => {
    const right = row[label] ?? 0;
    const examples = total(row);
    const answered = total(confusion.map((each) => each[label] ?? 0));
    const most = Math.max(...row.map((count, i) => (i === label ? 0 : count)));
    const rival = most > 0 ? row.findIndex((count, i) => i !== label && count === most) : -1;
    return {
      name: classes[label] ?? `class ${label}`,
      examples,
      right,
      recall: examples > 0 ? right / examples : null,
      precision: answered > 0 ? right / answered : null,
      mistakenFor: rival < 0 ? null : (classes[rival] ?? `class ${rival}`),
    };
  });
}

const percent = (share: number | null): string => (share === null ? "–" : `${(100 * share).toFixed(1)}%`);

/** A table of the classes. */
export function classTable(results: readonly ClassResult[], ui: Ui): string {
  const rows = results.map((r) => [
    r.name,
    `${r.right}/${r.examples}`,
    percent(r.recall),
    percent(r.precision),
    r.mistakenFor ?? "",
  ]);
  const head = ["class", "right", "recall", "precision", "mistaken for"];
  const widths = head.map((h, c) => Math.max(h.length, ...rows.map((row) => row[c]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (c === 0 || c === 4 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
      .join("  ")
      .trimEnd();
  return [ui.colors.bold(line(head)), ...rows.map(line)].join("\n");
}

/** Rows are true classes, columns predicted ones in the same order. Undefined where it is wider than the terminal. */
export function confusionText(confusion: Confusion, classes: readonly string[], ui: Ui): string | undefined {
  const most = confusion.flat().reduce((a, b) => Math.max(a, b), 0);
  const cell = Math.max(4, `${most}`.length + 1);
  const name = Math.min(18, Math.max(4, ...classes.map((each) => each.length)));
  if (name + 3 + cell * classes.length > ui.width) return undefined;
  const number = (i: number): string => `${i}`.padStart(2);
  const head = `${"true".padEnd(name)}   ${classes.map((_, i) => number(i).padStart(cell)).join("")}`;
  const rows = confusion.map((row, label) => {
    const cells = row.map((count, answer) => {
      const text = (count === 0 ? "·" : `${count}`).padStart(cell);
      if (count === 0) return ui.colors.dim(text);
      return answer === label ? ui.colors.green(text) : text;
    });
    return `${(classes[label] ?? "").slice(0, name).padEnd(name)} ${number(label)}${cells.join("")}`;
  });
  return [ui.colors.bold(head), ...rows].join("\n");
}

/** White where a cell is 0, dark where all of the row's examples are. */
function shade(share: number): string {
  const [r, g, b] = [
    [255, 8],
    [255, 48],
    [255, 107],
  ].map(([light = 255, dark = 0]) => Math.round(light + (dark - light) * Math.sqrt(share)));
  return `rgb(${r},${g},${b})`;
}

export function confusionSvg(confusion: Confusion, classes: readonly string[], title: string): string {
  const cell = 44;
  const longest = Math.max(4, ...classes.map((each) => each.length));
  const [left, top] = [34 + 7 * longest, 52 + Math.ceil(4.6 * longest)];
  const size = cell * classes.length;
  const [width, height] = [left + size + 60, top + size + 34];
  const parts: string[] = [`<text class="title" x="16" y="26">${escapeXml(title)}</text>`];
  for (const [t, row] of confusion.entries()) {
    const total = Math.max(
      1,
      row.reduce((a, b) => a + b, 0),
    );
    const y = top + t * cell;
    parts.push(
      `<text text-anchor="end" x="${left - 8}" y="${y + cell / 2 + 4}">${escapeXml(classes[t] ?? "")}</text>`,
    );
    for (const [p, count] of row.entries()) {
      const x = left + p * cell;
      const share = count / total;
      parts.push(
        `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${shade(share)}" stroke="#e4e4e4"/>`,
      );
      if (count > 0)
        parts.push(
          `<text text-anchor="middle" x="${x + cell / 2}" y="${y + cell / 2 + 4}"${share > 0.25 ? ' style="fill:#fff"' : ""}>${count}</text>`,
        );
    }
  }
  for (const [p, name] of classes.entries()) {
    const x = left + p * cell + cell / 2;
    parts.push(`<text transform="translate(${x + 4} ${top - 8}) rotate(-40)">${escapeXml(name)}</text>`);
  }
  parts.push(
    `<text text-anchor="middle" x="${left + size / 2}" y="${top + size + 22}">predicted; rows are the true classes</text>`,
  );
  return svg(width, height, parts, `${title}: confusion matrix`, []);
}
