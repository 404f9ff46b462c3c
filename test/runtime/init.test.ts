import { describe, expect, test } from "vitest";
import type { Init } from "../../contract/program.ts";
import { hash } from "../../contract/tensor.ts";
import { initialise } from "../../runtime/initialise.ts";
import { threefry } from "../../runtime/random.ts";

const spec = (init: Init, shape = [1000, 20], name = "layer.weight") => ({
  name,
  dtype: "f32" as const,
  shape,
  buffer: 0,
  init,
});
const values = (init: Init, seed = 0, name = "layer.weight") => initialise(spec(init, undefined, name), seed);
const mean = (x: Iterable<number>): number => {
  const all = [...x];
  return all.reduce((a, b) => a + b, 0) / all.length;
};
const deviation = (x: Iterable<number>): number => Math.sqrt(mean([...x].map((v) => v * v)) - mean(x) ** 2);

describe("Threefry-2x32", () => {
  // The known answers that come with Random123 (kat_vectors, threefry2x32, 20 rounds).
  test.each([
    [0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  ])("zeros and ones: %i", (key, counter, a, b) => {
    expect(threefry(key, key, counter, counter)).toEqual([a, b]);
  });
  test("digits of π", () => {
    expect(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });
});

test("FNV-1a", () => {
  expect(hash("")).toBe(0x811c9dc5);
  expect(hash("foobar")).toBe(0xbf9cf968);
});

describe("initial values", () => {
  test("zeros, ones, constant", () => {
    expect(initialise(spec({ kind: "zeros" }, [2]), 1)).toEqual(Float32Array.of(0, 0));
    expect(initialise(spec({ kind: "ones" }, [2]), 1)).toEqual(Float32Array.of(1, 1));
    expect(initialise(spec({ kind: "constant", value: 2.5 }, [2]), 1)).toEqual(Float32Array.of(2.5, 2.5));
  });
  test.each<[Init, number]>([
    [{ kind: "xavierUniform", fanIn: 4, fanOut: 20 }, Math.sqrt(6 / 24)],
    [{ kind: "kaimingUniform", fanIn: 24 }, Math.sqrt(6 / 24)],
    [{ kind: "uniform", low: -0.5, high: 0.5 }, 0.5],
  ])("%o lies in ±bound, evenly", (init, bound) => {
    const x = values(init);
    expect(Math.max(...x)).toBeLessThanOrEqual(bound);
    expect(Math.min(...x)).toBeGreaterThanOrEqual(-bound);
    expect(Math.max(...x)).toBeGreaterThan(0.999 * bound);
    expect(mean(x)).toBeCloseTo(0, 2);
    expect(deviation(x)).toBeCloseTo(bound / Math.sqrt(3), 2);
  });
  test.each<[Init, number]>([
    [{ kind: "xavierNormal", fanIn: 4, fanOut: 20 }, Math.sqrt(2 / 24)],
    [{ kind: "kaimingNormal", fanIn: 24 }, Math.sqrt(2 / 24)],
  ])("%o has its deviation", (init, sigma) => {
    const x = values(init);
    expect(mean(x)).toBeCloseTo(0, 2);
    expect(deviation(x)).toBeCloseTo(sigma, 2);
    const within = [...x].filter((v) => Math.abs(v) < sigma).length / x.length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.015);
    expect(x.every(Number.isFinite)).toBe(true);
  });
  test("uniform between bounds that are not symmetric", () => {
    const x = values({ kind: "uniform", low: 2, high: 6 });
    expect(mean(x)).toBeCloseTo(4, 1);
    expect(Math.min(...x)).toBeGreaterThanOrEqual(2);
  });
  test("depend on the seed and the name alone", () => {
    const init: Init = { kind: "kaimingNormal", fanIn: 3 };
    expect(values(init, 1)).toEqual(values(init, 1));
    expect(values(init, 1)).not.toEqual(values(init, 2));
    expect(values(init, 1, "a")).not.toEqual(values(init, 1, "b"));
    const short = initialise(spec(init, [10]), 1);
    expect(values(init, 1).slice(0, 10)).toEqual(short);
  });
  test("are these", () => {
    const x = initialise(spec({ kind: "uniform", low: 0, high: 1 }, [4]), 42);
    expect([...x]).toMatchInlineSnapshot(`
      [
        0.9256225824356079,
        0.0761178508400917,
        0.6607337594032288,
        0.4626021981239319,
      ]
    `);
  });
});
