/** The affine index algebra: every operation means what the integers say, and normal forms coincide. */
import fc from "fast-check";
// Sums are compared after adding 0: indices have no −0.
import { describe, expect, test } from "vitest";
import type { Atom, Axis, Index } from "../../compiler/ir/expr.ts";
import {
  add,
  axisIndex,
  constant,
  div,
  mod,
  newAxis,
  rangeOf,
  rowMajor,
  scale,
  substitute,
} from "../../compiler/math/affine.ts";

const axes: readonly Axis[] = [newAxis("a", 7), newAxis("b", 4), newAxis("c", 12)];
const [first] = axes as [Axis];

type Point = ReadonlyMap<Atom, number>;

function at(index: Index, point: Point): number {
  return index.terms.reduce((sum, { coefficient, atom }) => {
    if ("extent" in atom) return sum + coefficient * (point.get(atom) ?? 0);
    const of = at(atom.of, point);
    return (
      sum +
      coefficient * (atom.kind === "div" ? Math.floor(of / atom.by) : ((of % atom.by) + atom.by) % atom.by)
    );
  }, index.constant);
}

/** A random index beside the plain function it should equal. */
interface Case {
  readonly index: Index;
  readonly plain: (point: Point) => number;
}

const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map((v): Case => ({ index: constant(v), plain: () => v })),
  fc.constantFrom(...axes).map((a): Case => ({ index: axisIndex(a), plain: (p) => p.get(a) ?? 0 })),
);

const tree: fc.Arbitrary<Case> = fc.letrec<{ node: Case }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.tuple(tie("node"), tie("node")).map(
      ([x, y]): Case => ({
        index: add(x.index, y.index),
        plain: (p) => x.plain(p) + y.plain(p),
      }),
    ),
    fc.tuple(tie("node"), fc.integer({ min: -6, max: 6 })).map(
      ([x, k]): Case => ({
        index: scale(x.index, k),
        plain: (p) => x.plain(p) * k,
      }),
    ),
    fc.tuple(tie("node"), fc.integer({ min: 1, max: 9 })).map(
      ([x, k]): Case => ({
        index: div(x.index, k),
        plain: (p) => Math.floor(x.plain(p) / k),
      }),
    ),
    fc.tuple(tie("node"), fc.integer({ min: 1, max: 9 })).map(
      ([x, k]): Case => ({
        index: mod(x.index, k),
        plain: (p) => ((x.plain(p) % k) + k) % k,
      }),
    ),
  ),
})).node;

const point: fc.Arbitrary<Point> = fc
  .tuple(...axes.map((axis) => fc.nat(Number(axis.extent) - 1)))
  .map((places) => new Map(axes.map((axis, i) => [axis, places[i] ?? 0])));

describe("affine indices", () => {
  test("mean what integer arithmetic says", () => {
    fc.assert(
      fc.property(tree, point, ({ index, plain }, p) => {
        expect(at(index, p)).toBe(plain(p) + 0);
      }),
      { numRuns: 3000 },
    );
  });

  test("stay within their range", () => {
    fc.assert(
      fc.property(tree, point, ({ index }, p) => {
        const { low, high } = rangeOf(index);
        expect(at(index, p)).toBeGreaterThanOrEqual(low);
        expect(at(index, p)).toBeLessThanOrEqual(high);
      }),
      { numRuns: 2000 },
    );
  });

  test("substitute like functions compose", () => {
    fc.assert(
      fc.property(tree, tree, point, (outer, inner, p) => {
        const replaced = substitute(outer.index, new Map([[first, inner.index]]));
        // The ranges of axis a no longer hold: only compare where the inner value is within them.
        const a = inner.plain(p);
        fc.pre(a >= 0 && a < 7 && rangeOf(inner.index).low >= 0 && rangeOf(inner.index).high < 7);
        expect(at(replaced, p)).toBe(outer.plain(new Map([...p, [first, a]])) + 0);
      }),
      { numRuns: 3000 },
    );
  });

  test("equal remainders are one object: −x ≡ (by − 1)·x", () => {
    const x = axisIndex(newAxis("x", 9));
    expect(mod(scale(x, -1), 4)).toBe(mod(scale(x, 3), 4));
    expect(mod(scale(x, 7), 4)).toBe(mod(scale(x, 3), 4));
  });

  test("a reshape folds back: the row-major address of the digits of x is x", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (shape) => {
        const x = axisIndex(
          newAxis(
            "x",
            shape.reduce((a, b) => a * b, 1),
          ),
        );
        let inner = 1;
        const digits = shape
          .toReversed()
          .map((extent, i) => {
            const digit = i === shape.length - 1 ? div(x, inner) : mod(div(x, inner), extent);
            inner *= extent;
            return digit;
          })
          .toReversed();
        expect(rowMajor(digits, shape)).toBe(x);
      }),
    );
  });
});
