/** The size of what a window makes of n elements: ⌊(n − k + p + s) / s⌋, against counting. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { avgPool2d, conv2d, input, maxPool2d } from "weftgpu";
import { closeDevice } from "../oracle/weft.ts";
import { compute, full, shapeOf } from "./compute.ts";

afterAll(closeDevice);

interface Window {
  /** Elements of the input. */
  readonly n: number;
  /** Length of the window. */
  readonly k: number;
  /** Padding before and after. */
  readonly before: number;
  readonly after: number;
  readonly s: number;
}

/** Moves the window from the start of the padded input in steps of s for as long as it fits. */
function counted({ n, k, before, after, s }: Window): number {
  let count = 0;
  for (let start = -before; start + k <= n + after; start += s) count++;
  return count;
}

function formula({ n, k, before, after, s }: Window): number {
  const p = before + after;
  return Math.floor((n - k + p + s) / s);
}

const windows: fc.Arbitrary<Window> = fc
  .record({
    n: fc.integer({ min: 1, max: 40 }),
    before: fc.integer({ min: 0, max: 6 }),
    after: fc.integer({ min: 0, max: 6 }),
    s: fc.integer({ min: 1, max: 9 }),
  })
  .chain((w) => fc.integer({ min: 1, max: w.n + w.before + w.after }).map((k) => ({ ...w, k })));

const seed = 1637;

describe(`the output formula (seed ${seed})`, () => {
  test("equals counting", () => {
    fc.assert(
      fc.property(windows, (w) => formula(w) === counted(w)),
      { seed, numRuns: 5000 },
    );
  });

  test("is what the model language infers for height and width", () => {
    fc.assert(
      fc.property(windows, windows, (h, w) => {
        const y = conv2d(input("x", [1, 1, h.n, w.n]), {
          out: 1,
          kernel: [h.k, w.k],
          stride: [h.s, w.s],
          padding: [h.before, h.after, w.before, w.after],
        });
        expect(y.shape).toEqual([1, 1, counted(h), counted(w)]);
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("holds for a dilated window of length d·(k − 1) + 1", () => {
    fc.assert(
      fc.property(windows, fc.integer({ min: 1, max: 4 }), (w, d) => {
        const length = d * (w.k - 1) + 1;
        fc.pre(length <= w.n + w.before + w.after);
        const y = conv2d(input("x", [1, 1, w.n, 1]), {
          out: 1,
          kernel: [w.k, 1],
          stride: [w.s, 1],
          dilation: [d, 1],
          padding: [w.before, w.after, 0, 0],
        });
        expect(y.shape[2]).toBe(counted({ ...w, k: length }));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("holds for pooling, which moves by its own size unless told otherwise", () => {
    fc.assert(
      fc.property(windows, (w) => {
        fc.pre(w.k <= w.n);
        const x = input("x", [1, 1, w.n, w.n]);
        const side = counted({ ...w, before: 0, after: 0, s: w.k });
        expect(maxPool2d(x, { kernel: w.k }).shape).toEqual([1, 1, side, side]);
        expect(avgPool2d(x, { kernel: w.k }).shape).toEqual([1, 1, side, side]);
      }),
      { seed, numRuns: 500 },
    );
  });

  test("is the shape that comes from the adapter", async () => {
    const sample = fc.sample(windows, { seed, numRuns: 12 });
    for (const w of sample) {
      const y = conv2d(input("x", [1, 1, w.n, 2]), {
        out: 1,
        kernel: [w.k, 1],
        stride: [w.s, 1],
        padding: [w.before, w.after, 0, 0],
        bias: false,
      });
      const ones = { x: full([1, 1, w.n, 2], 1), "conv2d1.weight": full([1, 1, w.k, 1], 1) };
      expect(shapeOf(await compute(y, ones))).toEqual([1, 1, formula(w), 2]);
    }
  });
});
