/** The graph of who has to be done before whom, on hand-made effects in every order in which they may be listed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Node } from "../../compiler/ir/graph.ts";
import { dependencies, type Effects, topological } from "../../compiler/passes/order.ts";

const tensor = (name: string): Node => ({
  kind: "param",
  type: { dtype: "f32", shape: [1] },
  origin: { name },
  init: { kind: "zeros" },
});
const [w, h, g, moved, late] = ["w", "h", "g", "moved", "late"].map(tensor) as [Node, Node, Node, Node, Node];
const step = (writes: Node, reads: readonly Node[], overwrites?: Node): Effects => ({
  writes,
  reads,
  overwrites,
});

/** h reads w; g reads h; w is overwritten by what g gives; `late` reads the old w as well. */
const forward = step(h, [w]);
const gradient = step(g, [h]);
const update = step(moved, [w, g], w);
const reader = step(late, [w, h]);
const all = [forward, gradient, update, reader];

test("a reader comes after its writer, and whoever overwrites after all that read the old value", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(all, { minLength: 4 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
      (list, ranks) => {
        const rank = (item: Effects): number => ranks[all.indexOf(item)] ?? 0;
        const { sorted, stuck } = topological(list, (item) => item, rank);
        expect(stuck).toEqual([]);
        const at = (item: Effects): number => sorted.indexOf(item);
        expect(at(forward)).toBeLessThan(at(gradient));
        expect(at(gradient)).toBeLessThan(at(update));
        expect(at(forward)).toBeLessThan(at(reader));
        expect(at(reader)).toBeLessThan(at(update));
      },
    ),
  );
});

test("what waits for itself is stuck, and nothing else", () => {
  const early = step(late, [moved]);
  const taking = step(moved, [late, w], w);
  const { sorted, stuck } = topological(
    [early, taking, forward],
    (item) => item,
    () => 0,
  );
  expect(sorted).toEqual([forward]);
  expect(stuck).toEqual([early, taking]);
});

test("an update that reads its own old value does not wait for itself", () => {
  expect(dependencies([update], (item) => item).get(update)).toEqual(new Set());
});
