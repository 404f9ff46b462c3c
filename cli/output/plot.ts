/** The lecture's plot as SVG, and SVG as a file: .svg, or .png through sharp. */

import { extname } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import { harmless } from "../ui.ts";
import { writeFiles } from "../write.ts";
import { axisTop, type EpochPoint, niceStep, SERIES } from "./curve.ts";

const WIDTH = 640;
const HEIGHT = 400;
const LEFT = 52;
const RIGHT = 18;
const TOP = 44;
const BOTTOM = 48;
/** Colours and dashes as in the lecture: solid blue, dashed magenta, dash-dotted green. */
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

/** The curves of all epochs, with a title and a legend that holds the last values. */
export function curveSvg(points: readonly EpochPoint[], title: string): string {
  const epochs = Math.max(2, ...points.map((p) => p.epoch));
  const top = axisTop(points);
  const x = (epoch: number): number => LEFT + ((epoch - 1) / (epochs - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const text = (px: number, py: number, anchor: string, content: string, more = ""): string =>
    `<text x="${at(px)}" y="${at(py)}" text-anchor="${anchor}"${more}>${escapeXml(content)}</text>`;
  const parts: string[] = [];

  const yStep = niceStep(top, 5);
  for (let value = 0; value <= top + 1e-9; value += yStep) {
    parts.push(`<path class="grid" d="M${LEFT} ${at(y(value))}H${WIDTH - RIGHT}"/>`);
    parts.push(text(LEFT - 8, y(value) + 4, "end", `${Number(value.toPrecision(4))}`));
  }
  const xStep = Math.max(1, niceStep(epochs - 1, 10));
  for (let epoch = 1; epoch <= epochs; epoch += xStep) {
    parts.push(`<path class="grid" d="M${at(x(epoch))} ${TOP}V${HEIGHT - BOTTOM}"/>`);
    parts.push(text(x(epoch), HEIGHT - BOTTOM + 18, "middle", `${epoch}`));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "middle", "epoch"));
  parts.push(text(LEFT, 24, "start", title, ' class="title"'));

  const legend: string[] = [
    `<rect x="${WIDTH - 196}" y="${at(y(top / 2) - 36)}" width="172" height="72" rx="4" fill="#fff" fill-opacity=".85"/>`,
  ];
  for (const [i, { name, of }] of SERIES.entries()) {
    const { stroke, dash } = STYLES[i] ?? { stroke: "#000", dash: "" };
    const style = `stroke="${stroke}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
    const known = points.filter((p) => Number.isFinite(of(p)));
    const d = known.map((p, k) => `${k === 0 ? "M" : "L"}${at(x(p.epoch))} ${at(y(of(p)))}`).join("");
    parts.push(`<path class="curve" ${style} d="${d}"/>`);
    const end = known.at(-1);
    if (end) parts.push(`<circle cx="${at(x(end.epoch))}" cy="${at(y(of(end)))}" r="3" fill="${stroke}"/>`);
    const row = y(top / 2) + 20 * (i - 1);
    legend.push(`<path class="curve" ${style} d="M${WIDTH - 186} ${at(row)}h34"/>`);
    legend.push(text(WIDTH - 144, row + 4, "start", end ? `${name} ${of(end).toFixed(3)}` : name));
  }
  return svg(
    WIDTH,
    HEIGHT,
    [...parts, ...legend],
    `${title}: train loss, train accuracy and test accuracy over the epochs`,
    [
      ".grid{stroke:#ddd;stroke-width:1}",
      ".curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
    ],
  );
}

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
