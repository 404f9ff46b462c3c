/** The graph of who has to be done before whom, on hand-made effects in every order in which they may be listed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Node } from "../../compiler/ir/graph.ts";
import { circles, dependencies, type Effects, topological } from "../../compiler/passes/order.ts";

const tensor = (name: string): Node => ({
  kind: "param",
  type: { dtype: "f32", shape: [1] },
  origin: { name },
  init: { kind: "zeros" },
});
const [w, h, g, moved, late] = ["w", "h", "g", "moved", "late"].map(tensor) as [Node, Node, Node, Node, Node];
const step = (writes: Node, reads: readonly Node[], overwrites?: Node): Effects => ({
  writes: [writes],
  reads,
  overwrites: overwrites ? [overwrites] : [],
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

test("among those that may come next, the lowest rank comes first, then the first of the list", () => {
  const ranked = fc.array(fc.record({ rank: fc.nat(5), reads: fc.array(fc.nat(30), { maxLength: 3 }) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(ranked, (drawn) => {
      const tensors = drawn.map((_, i) => tensor(`t${i}`));
      // Each reads what is written before it, in an order that is not that of the ranks.
      const list = drawn.map(({ rank, reads }, i) => ({
        rank,
        effects: step(
          tensors[i] as Node,
          reads.filter((r) => r < i).map((r) => tensors[r] as Node),
        ),
      }));
      const { sorted, stuck } = topological(
        list,
        (item) => item.effects,
        (item) => item.rank,
      );
      const written = new Set<Node>();
      const open = list.toSorted((a, b) => a.rank - b.rank);
      const expected: typeof list = [];
      while (open.length > 0) {
        const [next] = open.splice(
          open.findIndex((item) => item.effects.reads.every((t) => written.has(t))),
          1,
        );
        if (!next) continue;
        for (const t of next.effects.writes) written.add(t);
        expected.push(next);
      }
      expect(stuck).toEqual([]);
      expect(sorted).toEqual(expected);
    }),
  );
});

test("circles are told apart where nothing leads back from one to the other", () => {
  const circle = (...pairs: readonly (readonly [string, string])[]): readonly string[] => {
    const names = [...new Set(pairs.flat())];
    const before = new Map(names.map((a) => [a, new Set(pairs.filter(([b]) => b === a).map(([, c]) => c))]));
    return circles(before).map((part) => part.toSorted().join(""));
  };
  expect(circle(["a", "b"], ["b", "c"])).toEqual([]);
  expect(circle(["a", "b"], ["b", "a"], ["b", "c"], ["c", "d"], ["d", "c"], ["d", "e"]).toSorted()).toEqual([
    "ab",
    "cd",
  ]);
  expect(circle(["a", "b"], ["b", "c"], ["c", "a"], ["c", "d"], ["d", "b"])).toEqual(["abcd"]);
});
