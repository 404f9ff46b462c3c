/** .npy files whose bytes are written out here, by the format's own page. */
import { describe, expect, test } from "vitest";
import { parseNpy } from "../../data/npy.ts";

/** Version 1: the magic word, the header's length as little-endian u16, the header, the values' bytes. */
function file(descr: string, shape: string, values: readonly number[], fortran = false): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }`;
  const text = `${header.padEnd(117)}\n`;
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0],
    ...[...text].map((c) => c.charCodeAt(0)),
    ...values,
  ]);
}

function message(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("nothing was thrown");
}

describe("types, little-endian and big-endian", () => {
  // The number, its type, and its bytes with the lowest first.
  test.each<[number, string, readonly number[]]>([
    [1, "b1", [7]],
    [200, "u1", [0xc8]],
    [-56, "i1", [0xc8]],
    [0xfedc, "u2", [0xdc, 0xfe]],
    [-292, "i2", [0xdc, 0xfe]],
    [0x89abcdef, "u4", [0xef, 0xcd, 0xab, 0x89]],
    [-2, "i4", [0xfe, 0xff, 0xff, 0xff]],
    [2 ** 63, "u8", [0, 0, 0, 0, 0, 0, 0, 0x80]],
    [-(2 ** 63), "i8", [0, 0, 0, 0, 0, 0, 0, 0x80]],
    [1.5, "f2", [0x00, 0x3e]],
    [-65504, "f2", [0xff, 0xfb]],
    [2 ** -24, "f2", [0x01, 0x00]],
    [Number.POSITIVE_INFINITY, "f2", [0x00, 0x7c]],
    [Number.NaN, "f2", [0x00, 0x7e]],
    [-2.5, "f4", [0x00, 0x00, 0x20, 0xc0]],
    [0.1, "f8", [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f]],
  ])("%d as %s", (value, type, bytes) => {
    const orders = bytes.length === 1 ? ["|", "<", ">"] : ["<", ">", "="];
    for (const order of orders) {
      const stored = order === ">" ? bytes.toReversed() : bytes;
      const { shape, data } = parseNpy(file(`${order}${type}`, "(1,)", stored), "a");
      expect({ order, shape, data: [...data] }).toEqual({ order, shape: [1], data: [Math.fround(value)] });
    }
  });

  test("unsigned bytes alone are said to be such", () => {
    expect(parseNpy(file("|u1", "(1,)", [1]), "a").bytes).toBe(true);
    expect(parseNpy(file("|i1", "(1,)", [1]), "a").bytes).toBe(false);
    expect(parseNpy(file("|b1", "(1,)", [1]), "a").bytes).toBe(false);
  });

  test.each(["<c8", "|f4", "<U3", "|S4", "<f16", "<M8[ns]", "|O"])("%s is refused", (type) => {
    expect(message(() => parseNpy(file(type, "(1,)", [0, 0, 0, 0]), "a.npy"))).toBe(
      [
        `a.npy holds values of type "${type}"`,
        "  rule: the types that are read are b1 u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8, in either order of bytes",
        "  try:  save it again with numpy.save(path, array.astype('float32'))",
      ].join("\n"),
    );
  });
});

describe("Fortran order", () => {
  test("the first index moves fastest in the file", () => {
    // The matrix 1 2 3 / 4 5 6, column by column.
    const two = parseNpy(file("|i1", "(2, 3)", [1, 4, 2, 5, 3, 6], true), "a");
    expect([two.shape, [...two.data]]).toEqual([
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ]);
    // a[i][j][k] = 100 i + 10 j + k of shape 2×2×3.
    const stored = [0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112];
    const three = parseNpy(file("|i1", "(2, 2, 3)", stored, true), "a");
    expect([...three.data]).toEqual([0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]);
    expect([...parseNpy(file("|i1", "()", [9], true), "a").data]).toEqual([9]);
  });
});

describe("numbers beyond f32", () => {
  const huge = [0x9c, 0x75, 0x00, 0x88, 0x3c, 0xe4, 0x37, 0x7e]; // 1e300
  test("are an error that says where", () => {
    expect(message(() => parseNpy(file("<f8", "(2,)", [0, 0, 0, 0, 0, 0, 0, 0, ...huge]), "a.npy"))).toBe(
      [
        "a.npy: value 1 is 1e+300",
        "  rule: a model computes with 32-bit floats, which end at ±3.4028235e+38",
        "  try:  scale the numbers before you save them",
      ].join("\n"),
    );
  });

  test("infinity that the file holds stays", () => {
    const infinite = file("<f8", "(1,)", [0, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
    expect([...parseNpy(infinite, "a").data]).toEqual([Number.POSITIVE_INFINITY]);
  });
});
