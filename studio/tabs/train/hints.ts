/** What curves say that a beginner may not see. Pure. */
import type { EpochPoint } from "../../../cli/output/curve.ts";

/** Epochs before anything is said: the first one of a net of sigmoids is often slow. */
const PATIENT = 2;
/** How much of the loss at the beginning has to be gone by then, and how far from guessing an accuracy has to be. */
const FALLEN = 0.02;
const BETTER = 1.5;

/** Whether nothing has been learnt so far: the loss is what it was, and the accuracy what guessing gives. */
export function isFlat(points: readonly EpochPoint[], classes: number): boolean {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.epoch < PATIENT) return false;
  const lowest = Math.min(...points.map((p) => p.loss));
  const best = Math.max(...points.map((p) => p.trainAccuracy));
  return lowest > (1 - FALLEN) * first.loss && best < BETTER / classes;
}
