/** Sums that begin and end where something is not 0: held against all steps of random windows, one by one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Axis, Bound } from "../../compiler/ir/expr.ts";
import { Builder } from "../../compiler/lower/builder.ts";
import { nonzeroWithin, spansOf } from "../../compiler/lower/spans.ts";
import type { Held } from "../../compiler/lower/threads.ts";
import { add, axisIndex, indexAt, newAxis, scale } from "../../compiler/math/affine.ts";
import { guard, literal, load, times } from "../../compiler/math/build.ts";
import { float, indexValue, int, newMemory, typeFor } from "../../compiler/math/value.ts";
import { derivedNode } from "../../compiler/ops/derived.ts";
import { run } from "./machine.ts";

const MEMORY = newMemory({
  space: "storage",
  stem: "y",
  type: typeFor("f32"),
  codec: "f32",
  writable: true,
});

/** A window over a row: where tap `k` of position `p` lies, within a row of `extent`. */
interface Window {
  readonly taps: number;
  readonly slope: 1 | -1;
  readonly stride: number;
  readonly offset: number;
  readonly extent: number;
  /** Positions that the thread holds, from `at` on; the last one may be a vector's first. */
  readonly at: number;
  readonly held: number;
  readonly lanes: boolean;
}

const windows: fc.Arbitrary<Window> = fc.record({
  taps: fc.integer({ min: 2, max: 7 }),
  slope: fc.constantFrom(1 as const, -1 as const),
  stride: fc.integer({ min: 1, max: 3 }),
  offset: fc.integer({ min: -8, max: 8 }),
  extent: fc.integer({ min: 1, max: 12 }),
  at: fc.integer({ min: 0, max: 9 }),
  held: fc.integer({ min: 1, max: 3 }),
  lanes: fc.boolean(),
});

/** The steps that are walked, as the built statements find them. */
function walked({ taps, slope, stride, offset, extent, at, held, lanes }: Window): readonly number[] {
  const [tap, position, block] = [newAxis("k", taps), newAxis("p", 40), newAxis("block", 10)];
  const lane = newAxis("lane", 4);
  const index = add(scale(axisIndex(position), stride), scale(axisIndex(tap), slope), offset);
  const builder = new Builder(false);
  builder.bind(block, int(at));
  const places = Array.from({ length: held }, (_, r) => add(axisIndex(block), r));
  const holds: Held = {
    axis: position,
    at: lanes ? places.map((p) => add(p, axisIndex(lane))) : places,
    owned: places.map(() => undefined),
  };
  const vector = lanes ? { axis: position, lane } : undefined;
  const spans = spansOf(builder, [tap], [{ index, extent }], [holds], vector);
  builder.for("k", spans.get(tap) ?? { end: int(taps) }, (k) => {
    builder.bind(tap, k);
    builder.push({ kind: "store", to: MEMORY, at: indexValue(axisIndex(tap)), value: float(1) });
  });
  return run(builder.statements).map((s) => s.at);
}

test("steps that are left out add nothing, and the first and the last one may add something", () => {
  fc.assert(
    fc.property(windows, (window) => {
      const { taps, slope, stride, offset, extent, at, held, lanes } = window;
      const positions = Array.from({ length: held + (lanes ? 3 : 0) }, (_, p) => at + p);
      const adds = (k: number): boolean =>
        positions.some((p) => {
          const place = p * stride + k * slope + offset;
          return place >= 0 && place < extent;
        });
      const steps = walked(window);
      const all = Array.from({ length: taps }, (_, k) => k);
      expect(all.filter((k) => adds(k) && !steps.includes(k))).toEqual([]);
      // With one position at a time there is no gap in between.
      if (positions.length === 1) expect(steps).toEqual(all.filter(adds));
    }),
    { numRuns: 1000 },
  );
});

test("a tensor says by its meaning where it is 0, and a product of it does not", () => {
  const [h, w] = [newAxis("h", 6), newAxis("w", 6)];
  const x = derivedNode("x", { dtype: "f32", shape: [4, 4] }, { name: "x" }, () => literal(1));
  const inside = (i: Axis, j: Axis): readonly Bound[] =>
    [i, j].map((a) => ({ index: add(axisIndex(a), -1), extent: 4 }));
  const at = (i: Axis, j: Axis, outside: number) =>
    guard(inside(i, j), load(x, [add(axisIndex(i), -1), add(axisIndex(j), -1)]), literal(outside));
  const padded = (outside: number) =>
    derivedNode("padded", { dtype: "f32", shape: [6, 6] }, { name: "padded" }, ({ at: [i = h, j = w] }) =>
      at(i, j, outside),
    );
  const row = newAxis("row", 5);
  const place = [add(axisIndex(row), 1), axisIndex(w)];
  const bounds = nonzeroWithin(load(padded(0), place));
  expect(
    bounds.map((b) => [
      b.extent,
      indexAt(
        b.index,
        new Map([
          [row, 3],
          [w, 5],
        ]),
      ),
    ]),
  ).toEqual([
    [4, 3],
    [4, 4],
  ]);
  expect(nonzeroWithin(at(h, w, 0))).toEqual(inside(h, w));
  expect(nonzeroWithin(load(padded(2), place))).toEqual([]);
  expect(nonzeroWithin(times(load(padded(0), place), literal(2)))).toEqual([]);
});
