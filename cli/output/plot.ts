/** The lecture's plot as SVG, and SVG as a file: .svg, or .png through sharp. */

import { extname } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { harmless } from "../ui.ts";
import { writeFiles } from "../write.ts";
import {
  type EpochPoint,
  epochTicks,
  figureText,
  type ScaleOf,
  scaleOf,
  seriesOf,
  shares,
  tickText,
} from "./curve.ts";

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 52;
const RIGHT = 18;
const TOP = 84;
const BOTTOM = 48;
/** Colours and dashes as in the lecture, by how many dashes there are: solid blue, dashed magenta, dash-dotted green. */
const STYLES = [
  { stroke: "#1f77b4", dash: "" },
  { stroke: "#bf00bf", dash: "7 4" },
  { stroke: "#2a8a2a", dash: "8 3 2 3" },
];
export const FONT = "ui-sans-serif, system-ui, 'Helvetica Neue', Arial, sans-serif";

export function escapeXml(text: string): string {
  // XML has no way to write most control characters, and none for half a surrogate pair.
  const plain = harmless(text).replace(/[\ud800-\udfff\ufffe\uffff]/gu, "�");
  return plain.replace(/[&<>"']/g, (c) => `&#${c.codePointAt(0)};`);
}

/** At most three decimals. */
const at = (value: number): string => `${Number(value.toFixed(2))}`;

/** The curves of all epochs, with a title and a legend that holds the last values: losses at the left axis, accuracies at the right. */
export function curveSvg(points: readonly EpochPoint[], title: string): string {
  const epochs = Math.max(1, ...points.map((p) => p.epoch));
  const { losses, accuracies } = seriesOf(points);
  const loss = scaleOf(
    points.flatMap((p) => losses.map(({ of }) => of(p))),
    5,
  );
  const share = shares(5);
  const right = WIDTH - (accuracies.length > 0 ? LEFT : RIGHT);
  const x = (epoch: number): number => LEFT + (epoch / epochs) * (right - LEFT);
  const yOf =
    ({ bottom, top }: ScaleOf) =>
    (value: number): number =>
      HEIGHT - BOTTOM - ((value - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const text = (px: number, py: number, anchor: string, content: string, more = ""): string =>
    `<text x="${at(px)}" y="${at(py)}" text-anchor="${anchor}"${more}>${escapeXml(content)}</text>`;
  const parts: string[] = [];
  for (const tick of loss.ticks) {
    const py = yOf(loss)(tick);
    parts.push(`<path class="grid" d="M${LEFT} ${at(py)}H${right}"/>`);
    parts.push(text(LEFT - 8, py + 4, "end", tickText(tick)));
  }
  if (accuracies.length > 0)
    for (const tick of share.ticks)
      parts.push(text(right + 8, yOf(share)(tick) + 4, "start", tickText(tick)));
  for (const tick of epochTicks(epochs, 10)) {
    parts.push(`<path class="grid" d="M${at(x(tick))} ${TOP}V${HEIGHT - BOTTOM}"/>`);
    parts.push(text(x(tick), HEIGHT - BOTTOM + 18, "middle", `${tick}`));
  }
  parts.push(text((LEFT + right) / 2, HEIGHT - 10, "middle", "epoch"));
  parts.push(text(LEFT - 8, TOP - 12, "end", "loss"));
  if (accuracies.length > 0) parts.push(text(right + 8, TOP - 12, "start", "acc"));
  parts.push(text(16, 24, "start", title, ' class="title"'));

  const all = [
    ...losses.map((each) => [each, loss] as const),
    ...accuracies.map((each) => [each, share] as const),
  ];
  for (const [i, [{ name, of, dashes }, scale]] of all.entries()) {
    const { stroke, dash } = STYLES[dashes.length / 2] ?? { stroke: "#000", dash: "" };
    const style = `stroke="${stroke}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
    const known = points.filter((p) => Number.isFinite(of(p)));
    const y = yOf(scale);
    const d = known.map((p, k) => `${k === 0 ? "M" : "L"}${at(x(p.epoch))} ${at(y(of(p)))}`).join("");
    parts.push(`<path class="curve" ${style} d="${d}"/>`);
    const end = known.at(-1);
    if (end) parts.push(`<circle cx="${at(x(end.epoch))}" cy="${at(y(of(end)))}" r="3" fill="${stroke}"/>`);
    const from = LEFT + 24 + 176 * i;
    parts.push(`<path class="curve" ${style} d="M${from} 44h34"/>`);
    parts.push(text(from + 42, 48, "start", end ? `${name} ${figureText(of(end))}` : name));
  }
  const names = all.map(([{ name }]) => name.replace(/acc$/, "accuracy"));
  return svg(WIDTH, HEIGHT, parts, `${title}: ${listed(names)} over the epochs`, [
    ".grid{stroke:#ddd;stroke-width:1}",
    ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
  ]);
}

/** `a, b and c` */
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** A whole SVG document on white. */
export function svg(
  width: number,
  height: number,
  parts: readonly string[],
  label: string,
  styles: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(label)}">`,
    `<style>text{font:12px ${FONT};fill:#333}.title{font-size:15px;font-weight:600;fill:#111}${styles.join("")}</style>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** Throws `UserError` unless the name ends in .svg or .png. */
export function requirePlotName(path: string): void {
  const kind = extname(path).toLowerCase();
  if (kind !== ".svg" && kind !== ".png")
    throw new UserError({
      problem: `--plot ${path}: plots are written as .svg or .png`,
      fix: "let the name end in .svg or .png",
    });
}

export async function writePlot(path: string, text: string): Promise<void> {
  if (extname(path).toLowerCase() !== ".png") return writeFiles([[path, text]]);
  const { default: sharp } = await import("sharp"); // for PNG alone
  await writeFiles([[path, await sharp(Buffer.from(text), { density: 144 }).png().toBuffer()]]);
}
