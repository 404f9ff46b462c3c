/** Pictures as inputs: the one module that the command and Studio share. Figures worked out by hand. */
import { describe, expect, test } from "vitest";
import { contained, decodedSize, framed, inverted, type Pixels, toInput } from "../../data/picture.ts";

type Rgba = readonly [number, number, number, number];

function pixels(width: number, height: number, at: (x: number, y: number) => Rgba): Pixels {
  const list = Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));
  return { width, height, rgba: Uint8ClampedArray.from(list.flat()) };
}
const grey = { height: 4, width: 4, channels: 1 } as const;
const colour = { ...grey, channels: 3 } as const;
const opaque = (v: number): Rgba => [v, v, v, 255];
const CLEAR: Rgba = [0, 0, 0, 0];
const bytes = (rgba: ArrayLike<number>, frame: Parameters<typeof toInput>[1]): number[] =>
  [...toInput(rgba, frame)].map((v) => Math.round(v * 255));
/** A filled square of 2×2 in the middle of 4×4, and nothing else. */
const drawing = (ink: Rgba): Pixels =>
  pixels(4, 4, (x, y) => (x > 0 && x < 3 && y > 0 && y < 3 ? ink : CLEAR));
const square = (inside: number, outside: number): number[] =>
  Array.from({ length: 16 }, (_, i) => ([5, 6, 9, 10].includes(i) ? inside : outside));

describe("values", () => {
  test("are from 0 to 1, channels first", () => {
    const rgba = [255, 0, 51, 255, 0, 255, 0, 255];
    const frame = { height: 1, width: 2, channels: 3 } as const;
    expect([...toInput(rgba, frame)]).toEqual([1, 0, 0, 1, Math.fround(0.2), 0]);
    const [first, second] = toInput(rgba, { ...frame, channels: 1 });
    expect(first).toBeCloseTo(0.299 + 0.114 * 0.2, 6);
    expect(second).toBeCloseTo(0.587, 6);
    const turned = Uint8ClampedArray.from(rgba);
    inverted(turned);
    expect([...turned]).toEqual([0, 255, 204, 255, 255, 0, 255, 255]);
  });

  test("are BT.601's grey, as PIL's convert(L) gives it", () => {
    const colours = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 0, 255, 200, 100, 50, 255];
    expect(bytes(colours, { height: 1, width: 5, channels: 1 })).toEqual([76, 150, 29, 226, 124]);
  });
});

describe("size", () => {
  test("pictures are fitted whole and in proportion", () => {
    const frame = { width: 28, height: 28 };
    expect(contained({ width: 200, height: 100 }, frame)).toEqual({ x: 0, y: 7, width: 28, height: 14 });
    expect(contained({ width: 1, height: 4000 }, frame)).toEqual({ x: 13, y: 0, width: 1, height: 28 });
    expect(contained({ width: 28, height: 28 }, frame)).toEqual({ x: 0, y: 0, width: 28, height: 28 });
  });

  test("decoders hand over four million pixels at most", () => {
    expect(decodedSize({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
    expect(decodedSize({ width: 8192, height: 8192 })).toEqual({ width: 2048, height: 2048 });
    expect(decodedSize({ width: 2 ** 26, height: 1 })).toEqual({ width: 2 ** 24, height: 1 });
  });

  test("a picture of its frame's size stays as it is", () => {
    const picture = pixels(4, 4, (x, y) => [x * 60, y * 60, 7, 255]);
    expect([...framed(picture, colour, false).rgba]).toEqual([...picture.rgba]);
  });

  test("halved by a triangle of four pixels: weights 3 : 3 : 1 at the border", () => {
    const row = [70, 140, 210, 0];
    const picture = pixels(4, 4, (x) => opaque(row[x] ?? 0));
    const { rgba } = framed(picture, { height: 2, width: 2, channels: 1 }, false);
    expect(bytes(rgba, { height: 2, width: 2, channels: 1 })).toEqual([120, 110, 120, 110]);
  });

  test("doubled by linear interpolation", () => {
    const picture = pixels(2, 2, (x) => opaque(x * 100));
    const { rgba } = framed(picture, grey, false);
    expect(bytes(rgba, grey).slice(0, 4)).toEqual([0, 25, 75, 100]);
  });

  test("transparent pixels have no colour: red beside a transparent green stays red", () => {
    const picture = pixels(4, 4, (x): Rgba => (x % 2 === 0 ? [255, 0, 0, 255] : [0, 255, 0, 0]));
    const { rgba, ground } = framed(picture, { height: 2, width: 2, channels: 3 }, false);
    expect(ground).toBe("white"); // red's grey is 76: dark
    const values = bytes(rgba, { height: 2, width: 2, channels: 3 });
    expect(values.slice(0, 4)).toEqual([255, 255, 255, 255]);
    expect(values.slice(4, 8)).toEqual(values.slice(8)); // white's green and blue alike
  });

  test("the rest of the frame is black, also beside a picture that was inverted", () => {
    const wide = pixels(4, 2, () => opaque(255));
    const rows = (...values: number[]): number[] => values.flatMap((v) => [v, v, v, v]);
    expect(bytes(framed(wide, grey, false).rgba, grey)).toEqual(rows(0, 255, 255, 0));
    const dark = pixels(4, 2, () => opaque(10));
    expect(bytes(framed(dark, grey, true).rgba, grey)).toEqual(rows(0, 245, 245, 0));
  });
});

describe("transparency", () => {
  test.each([
    ["black", opaque(0), "white", square(0, 255)],
    ["dark red", [120, 0, 0, 255] as const, "white", square(36, 255)],
    ["white", opaque(255), "black", square(255, 0)],
    ["yellow", [255, 255, 0, 255] as const, "black", square(226, 0)],
  ] as const)("a drawing in %s is seen", (_, ink, ground, expected) => {
    const got = framed(drawing(ink), grey, false);
    expect(got.ground).toBe(ground);
    expect(bytes(got.rgba, grey)).toEqual(expected);
    expect(got.bright).toBe(ground === "white");
  });

  test("a black drawing becomes a bright one on black where bright borders are inverted", () => {
    const got = framed(drawing(opaque(0)), grey, "bright");
    expect(got).toMatchObject({ ground: "white", bright: true, inverted: true });
    expect(bytes(got.rgba, grey)).toEqual(square(255, 0));
  });

  test("what stays free in the frame is what lies behind the drawing", () => {
    const wide = pixels(4, 2, (x) => (x < 2 ? opaque(0) : CLEAR));
    expect(bytes(framed(wide, grey, false).rgba, grey)).toEqual([
      ...[255, 255, 255, 255, 0, 0, 255, 255],
      ...[0, 0, 255, 255, 255, 255, 255, 255],
    ]);
  });

  test("half-transparent ink is mixed with what lies behind it", () => {
    const got = framed(drawing([0, 0, 0, 51]), grey, false);
    expect(bytes(got.rgba, grey)).toEqual(square(204, 255));
  });

  test("nothing at all is black; an opaque picture has no ground", () => {
    const nothing = framed(
      pixels(4, 4, () => CLEAR),
      grey,
      "bright",
    );
    expect(nothing).toMatchObject({ ground: "black", bright: false, inverted: false });
    expect(bytes(nothing.rgba, grey)).toEqual(Array(16).fill(0));
    expect(
      framed(
        pixels(4, 4, () => opaque(9)),
        grey,
        false,
      ).ground,
    ).toBeUndefined();
  });
});
