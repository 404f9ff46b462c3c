/**
 * Draws docs/lenet-curves-*.svg and docs/lenet-relu-curves-*.svg: the curves of docs/lecture-runs.json, as
 * `weft train --plot` draws them, and the same on a dark ground.
 *
 *   node scripts/run.mjs docs/draw-curves.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { EpochPoint } from "../cli/output/curve.ts";
import { curveSvg } from "../cli/output/plot.ts";

export type Theme = "light" | "dark";

/** A training as it went. */
export interface LectureRun {
  readonly model: string;
  readonly command: string;
  readonly seed: number;
  /** From the command's start to its end. */
  readonly seconds: number;
  readonly epochs: readonly EpochPoint[];
}

/** The colours of ground, text and curves, and what they are in the dark. */
const DARK: Readonly<Record<string, string>> = {
  "#fff": "#0d1117",
  "#ddd": "#30363d",
  "#333": "#c9d1d9",
  "#111": "#f0f6fc",
  "#1f77b4": "#58a6ff",
  "#bf00bf": "#e879f9",
  "#2a8a2a": "#3fb950",
};

export function drawCurves({ model, seed, epochs }: LectureRun, theme: Theme): string {
  const light = curveSvg(epochs, `${model} on Fashion-MNIST, seed ${seed}`);
  return theme === "light" ? light : light.replace(/#[\da-f]{3,6}\b/g, (color) => DARK[color] ?? color);
}

/** `docs/lenet-curves-dark.svg`. */
export const curvesPath = (model: string, theme: Theme): string => `docs/${model}-curves-${theme}.svg`;

/** The runs of docs/lecture-runs.json. The first of a model is the one that is drawn, and whose weights are kept. */
export function lectureRuns(folder = "."): readonly LectureRun[] {
  return JSON.parse(readFileSync(`${folder}/docs/lecture-runs.json`, "utf8"));
}

if (process.argv[1]?.endsWith("draw-curves.ts"))
  for (const run of lectureRuns().filter(({ seed }) => seed === 0))
    for (const theme of ["light", "dark"] as const)
      writeFileSync(curvesPath(run.model, theme), drawCurves(run, theme));
