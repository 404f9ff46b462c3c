/** What curves of a training show: losses and accuracies over the epochs, each kind with an axis of its own. */
import type { Measured } from "../../runtime/train.ts";

export interface EpochPoint {
  /** Epochs done: from 1 on, or with a fraction within an epoch, whose figures are those so far. */
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

/** The lecture's line styles: a loss, and accuracies. */
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

const TEST_LOSS: Series = {
  name: "test loss",
  of: (p) => p.testLoss ?? Number.NaN,
  dashes: [5, 2, 1, 2],
  color: "green",
};

/** The curves of a training: where nothing is right or wrong, the losses alone. */
export function seriesOf(points: readonly EpochPoint[]): {
  readonly losses: readonly Series[];
  readonly accuracies: readonly Series[];
} {
  const [loss, ...accuracies] = SERIES;
  const known = ({ of }: Series): boolean => points.some((p) => Number.isFinite(of(p)));
  const found = accuracies.filter(known);
  return {
    losses: [...(loss ? [loss] : []), ...(found.length > 0 ? [] : [TEST_LOSS].filter(known))],
    accuracies: found,
  };
}

/** Where an axis begins and ends, and the numbers that are written at it. */
export interface ScaleOf {
  readonly bottom: number;
  readonly top: number;
  readonly ticks: readonly number[];
}

/** From 0 or what is below it to what is above all values, in at most so many steps of 1, 2 or 5 times a power of ten. */
export function scaleOf(values: readonly number[], steps: number): ScaleOf {
  const known = values.filter(Number.isFinite);
  const [least, most] = [Math.min(0, ...known), Math.max(0, ...known)];
  const range = most - least || 1;
  // What is below 0 may take a step more than its part of the range.
  const step = niceStep(range, least < 0 ? Math.max(1, steps - 1) : steps);
  const [first, last] = [
    Math.floor(least / step + 1e-9),
    Math.ceil((most || (least < 0 ? 0 : 1)) / step - 1e-9),
  ];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step + 0);
  return { bottom: first * step + 0, top: last * step + 0, ticks }; // −0 becomes 0
}

/** Accuracies are shares: from 0 to 1. */
export const shares = (steps: number): ScaleOf => scaleOf([1], steps);

/** Epochs are whole. */
export function epochTicks(epochs: number, most: number): readonly number[] {
  const step = Math.max(1, niceStep(epochs, most));
  return Array.from({ length: Math.floor(epochs / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** A loss or an accuracy, with three digits at least where it is small. */
export const figureText = (value: number): string =>
  Math.abs(value) < 0.01 && value !== 0 ? value.toPrecision(3) : value.toFixed(3);

/** A number at an axis. */
export function tickText(value: number): string {
  const plain = `${Number(value.toPrecision(4))}`;
  return plain.length > 7 ? value.toExponential(1) : plain;
}
