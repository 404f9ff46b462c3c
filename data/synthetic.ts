/**
 * A data set drawn by Weft itself, for a first try without a download: ten kinds of shapes, 28×28, each at another
 * place, size, tilt and brightness, on a ground with noise. The same on every machine: the pictures follow from
 * integers and correctly rounded operations (+ − × ÷ √) alone.
 */
import type { Data, DataSet } from "./set.ts";

const SIDE = 28;
export const SYNTHETIC_TRAIN = 24_000;
export const SYNTHETIC_TEST = 4_000;

/** How far a point is outside a shape of radius 1 (negative within it), roughly in units of the radius. */
type Shape = (x: number, y: number) => number;

const abs = Math.abs;
const box = (x: number, y: number, w: number, h: number): number => Math.max(abs(x) - w, abs(y) - h);
const disc = (x: number, y: number, r: number): number => Math.sqrt(x * x + y * y) - r;

const SHAPES: readonly (readonly [name: string, shape: Shape])[] = [
  ["disc", (x, y) => disc(x, y, 0.8)],
  ["ring", (x, y) => abs(disc(x, y, 0.75)) - 0.16],
  ["square", (x, y) => box(x, y, 0.72, 0.72)],
  ["frame", (x, y) => abs(box(x, y, 0.7, 0.7)) - 0.14],
  ["triangle", (x, y) => Math.max(y - 0.7, abs(x) - (y + 0.9) * 0.55)],
  ["plus", (x, y) => Math.min(box(x, y, 0.9, 0.2), box(x, y, 0.2, 0.9))],
  ["bar", (x, y) => box(x, y, 1, 0.24)],
  ["pillar", (x, y) => box(x, y, 0.24, 1)],
  ["two bars", (x, y) => box(x, abs(y) - 0.5, 0.9, 0.2)],
  ["dumbbell", (x, y) => Math.min(disc(abs(x) - 0.62, y, 0.36), box(x, y, 0.6, 0.1))],
];

/** Words of 32 bits from a counter that is mixed (Steele, Lea & Flood 2014, "SplittableRandom"). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** About normal with a deviation of 22: the sum of a word's four bytes. */
function noise(word: number): number {
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
  return (sum - 510) * 0.15;
}

function draw(shape: Shape, random: () => number, into: Uint8Array): void {
  const between = (low: number, high: number): number => low + ((high - low) * random()) / 2 ** 32;
  const radius = between(9, 12.5);
  const [left, top] = [between(12.5, 15.5), between(12.5, 15.5)];
  const tilt = between(-0.22, 0.22); // the tangent of the angle
  const cos = 1 / Math.sqrt(1 + tilt * tilt);
  const sin = tilt * cos;
  const [bright, ground] = [between(170, 255), between(0, 20)];
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const [dx, dy] = [(column + 0.5 - left) / radius, (row + 0.5 - top) / radius];
      const distance = shape(cos * dx + sin * dy, cos * dy - sin * dx);
      const cover = Math.min(1, Math.max(0, 0.5 - distance * radius)); // an edge one pixel wide
      const value = ground + (bright - ground) * cover + noise(random());
      into[row * SIDE + column] = Math.min(255, Math.max(0, Math.round(value)));
    }
}

function drawn(rows: number, seed: number): DataSet {
  const random = generator(seed);
  const images = new Uint8Array(rows * SIDE * SIDE);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const label = i % SHAPES.length; // as many of each class
    labels[i] = label;
    const shape = SHAPES[label]?.[1];
    if (shape) draw(shape, random, images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
  }
  return { images, labels, rows, shape: [SIDE, SIDE], classes: SHAPES.map(([name]) => name) };
}

/** The set has no seed of its own to choose: it is as fixed as a published one. */
export function synthetic(train = SYNTHETIC_TRAIN, test = SYNTHETIC_TEST): Data {
  return { name: "synthetic", train: drawn(train, 1), test: drawn(test, 0x80000000) };
}
