// The examples: outlines as a hand would draw them, bright on black, 28 × 28 bytes each.

export const SHAPES = ["circle", "square", "triangle", "cross"] as const;
export const SIDE = 28;

type Point = readonly [x: number, y: number];
type Line = readonly Point[];

/** A line through points given as x, y, x, y, … */
const line = (...numbers: readonly number[]): Line =>
  numbers.flatMap((x, i) => (i % 2 === 0 ? [[x, numbers[i + 1] ?? 0] as const] : []));

const circle: Line = Array.from({ length: 17 }, (_, i) => {
  const angle = (i / 16) * 2 * Math.PI;
  return [Math.cos(angle), Math.sin(angle)];
});

/** Each shape's lines, about the origin, of radius 1. */
const OUTLINES: Readonly<Record<(typeof SHAPES)[number], readonly Line[]>> = {
  circle: [circle],
  square: [line(-0.8, -0.8, 0.8, -0.8, 0.8, 0.8, -0.8, 0.8, -0.8, -0.8)],
  triangle: [line(0, -0.95, 0.9, 0.7, -0.9, 0.7, 0, -0.95)],
  cross: [line(-0.8, -0.8, 0.8, 0.8), line(0.8, -0.8, -0.8, 0.8)],
};

/** Numbers in 0 … 1 that are the same in every run (Mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A shape of another size, place, tilt and unsteadiness each time. */
export function draw(label: number, random: () => number): Uint8Array {
  const between = (low: number, high: number): number => low + (high - low) * random();
  const [width, height] = [between(6, 12), between(6, 12)];
  const [left, top] = [between(width + 1, 27 - width), between(height + 1, 27 - height)];
  const tilt = between(-0.25, 0.25);
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const shape = SHAPES[label];
  if (!shape) throw new RangeError(`there is no shape ${label}`);
  const lines = OUTLINES[shape].map((outline) =>
    outline.map(([x, y]): Point => {
      const [u, v] = [x + between(-0.08, 0.08), y + between(-0.08, 0.08)];
      return [left + width * (cos * u - sin * v), top + height * (sin * u + cos * v)];
    }),
  );
  const radius = between(0.8, 1.5);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const at: Point = [(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5];
    const distance = Math.min(...lines.map((each) => distanceTo(each, at)));
    return Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
  });
}

/** `count` examples, as many of each shape, as `trainer.fit` takes them. */
export function examples(count: number, seed: number): { images: Uint8Array; labels: Uint8Array } {
  const random = generator(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % SHAPES.length);
  const images = new Uint8Array(count * SIDE * SIDE);
  for (const [i, label] of labels.entries()) images.set(draw(label, random), i * SIDE * SIDE);
  return { images, labels };
}

function distanceTo(points: Line, [x, y]: Point): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [i, [ax, ay]] of points.entries()) {
    const [bx, by] = points[i + 1] ?? [ax, ay];
    const [dx, dy] = [bx - ax, by - ay];
    const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
    const t = Math.min(1, Math.max(0, along));
    least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
  }
  return least;
}
