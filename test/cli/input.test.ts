/** The readers behind `weft run --input`, without a model or a device. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readClasses } from "../../cli/input/classes.ts";
import { parseIdx } from "../../cli/input/idx.ts";
import { readPicture } from "../../cli/input/image.ts";
import { parseIndex } from "../../cli/input/range.ts";
import { readInputs } from "../../cli/input/read.ts";
import { fitArray, targetOf } from "../../data/array.ts";
import { parseJson } from "../../data/json.ts";
import { parseNpy } from "../../data/npy.ts";
import { idx, npy } from "./make.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-input-"));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const image = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 2, 2] });

/** The message of what `f` throws. */
function message(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("nothing was thrown");
}

describe("IDX", () => {
  test("bytes, gzipped or not", () => {
    const bytes = idx([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 255]);
    for (const raw of [bytes, gzipSync(bytes)]) {
      const array = parseIdx(raw, "a.idx");
      expect(array.shape).toEqual([2, 2, 2]);
      expect([...array.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 255]);
      expect(array.bytes).toBe(true);
    }
  });

  test.each([
    ["no IDX", Uint8Array.from([1, 2, 3, 4]), "a.idx is not an IDX file"],
    ["empty", new Uint8Array(0), "a.idx is not an IDX file"],
    ["header cut", idx([2, 2], [1, 2, 3, 4]).subarray(0, 7), "cut off inside its header"],
    ["data cut", idx([2, 2], [1, 2, 3, 4]).subarray(0, 14), "a.idx is cut off: 14 bytes"],
    ["too long", Buffer.concat([idx([1], [1]), Buffer.from([9])]), "a.idx is too long: 10 bytes"],
    ["broken gzip", gzipSync(idx([2, 2], [1, 2, 3, 4])).subarray(0, 15), "a.idx is a broken gzip file"],
  ])("%s is an error", (_, bytes, text) => {
    expect(message(() => parseIdx(bytes, "a.idx"))).toContain(text);
  });

  test.each([
    [9, [0xff, 0x7f], [-1, 127]],
    [11, [0xff, 0xfe, 0x01, 0x00], [-2, 256]],
    [12, [0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], [-3, 65536]],
    [13, [0xbf, 0, 0, 0, 0x40, 0x20, 0, 0], [-0.5, 2.5]],
  ])("values of type %i are big-endian, with their sign", (type, bytes, values) => {
    const array = parseIdx(Uint8Array.from([0, 0, type, 1, 0, 0, 0, 2, ...bytes]), "a.idx");
    expect([...array.data]).toEqual(values);
    expect(array.bytes).toBe(false);
  });

  test("the size its header claims is in the message", () => {
    expect(message(() => parseIdx(idx([2, 2], [1]), "a.idx"))).toBe(
      "a.idx is cut off: 13 bytes\n  rule: its header says [2, 2], which takes 16 bytes\n  try:  download or copy it again",
    );
  });
});

describe("npy", () => {
  test("float32, float64, bytes", () => {
    expect(parseNpy(npy("<f4", [2, 2], new Float32Array([1, 2, 3, 4])), "a").data).toEqual(
      new Float32Array([1, 2, 3, 4]),
    );
    expect([...parseNpy(npy("<f8", [3], new Float64Array([0.5, 1, 2])), "a").data]).toEqual([0.5, 1, 2]);
    expect([...parseNpy(npy("|u1", [2], new Uint8Array([7, 255])), "a").data]).toEqual([7, 255]);
    expect(parseNpy(npy("<f4", [], new Float32Array([1])), "a").shape).toEqual([]);
  });

  test("headers of version 2 and 3, whose length has four bytes", () => {
    const first = npy("<f4", [2], new Float32Array([1, 2]));
    for (const version of [2, 3]) {
      const length = Buffer.from(Uint32Array.of(first.readUInt16LE(8)).buffer);
      const wide = Buffer.concat([
        first.subarray(0, 6),
        Buffer.from([version, 0]),
        length,
        first.subarray(10),
      ]);
      expect([...parseNpy(wide, "a").data]).toEqual([1, 2]);
    }
  });

  test.each([
    ["no npy", Buffer.from("PK\u0003\u0004"), "a is not a .npy file"],
    ["short", Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1]), "cut off inside its header"],
    ["data cut", npy("<f4", [4], new Float32Array([1, 2])), "a is cut off"],
    ["complex", npy("<c8", [1], new Float32Array([1, 2])), 'holds values of type "<c8"'],
    ["bad header", npy("<f4", [1], new Float32Array([1]), "{'shape': 3}"), "header that cannot be read"],
  ])("%s is an error", (_, bytes, text) => {
    expect(message(() => parseNpy(bytes, "a"))).toContain(text);
  });
});

describe("JSON", () => {
  test("nested arrays, alone or by input name", () => {
    expect(parseJson("[[1, 2], [3, 4]]", "x", "a").shape).toEqual([2, 2]);
    expect([...parseJson('{"x": [1, 2], "y": [3]}', "y", "a").data]).toEqual([3]);
  });

  test.each([
    ["{", "a is not JSON"],
    ["[[1, 2], [3]]", "the array[1] has length 1, but its siblings have length 2"],
    ['[1, "2"]', 'the array[1] is "2", not a number'],
    ["[[1], 2]", "the array[1] is not an array"],
    ["[null]", "the array[0] is null, not a number"],
    ["[1, -1e39]", "a: the array[1] is -1e+39\n  rule: a model computes with 32-bit floats"],
    ["[[1e400]]", "a: the array[0][0] is a number beyond 1e308"],
    ['{"y": [1]}', 'a has no key "x"; its keys are ["y"]'],
  ])("%s is an error", (text, expected) => {
    expect(message(() => parseJson(text, "x", "a"))).toContain(expected);
  });
});

describe("fitting", () => {
  test.each([
    [
      [2, 2],
      [1, 1, 2, 2],
    ],
    [
      [1, 2, 2],
      [1, 1, 2, 2],
    ],
    [
      [5, 2, 2],
      [5, 1, 2, 2],
    ],
    [
      [5, 1, 2, 2],
      [5, 1, 2, 2],
    ],
  ])("%j becomes %j", (shape, fitted) => {
    const size = shape.reduce((a, b) => a * b, 1);
    expect(fitArray({ shape, data: new Float32Array(size) }, image, "a").shape).toEqual(fitted);
  });

  test("other sizes are an error that says both", () => {
    expect(message(() => fitArray({ shape: [3, 3], data: new Float32Array(9) }, image, "a.npy"))).toContain(
      "a.npy has shape [3, 3], but the input image is [N, 1, 2, 2]",
    );
    // As many numbers, in other rows.
    expect(
      message(() => fitArray({ shape: [5, 1, 4], data: new Float32Array(20) }, image, "a.npy")),
    ).toContain("a.npy has shape [5, 1, 4], but the input image is [N, 1, 2, 2]");
  });
});

describe("--index", () => {
  test.each([
    ["3", [3]],
    ["0:3", [0, 1, 2]],
    [":2", [0, 1]],
    ["8:", [8, 9]],
    ["1,5,7:9", [1, 5, 7, 8]],
  ])("%s", (text, expected) => {
    expect(parseIndex(text, 10, "a")).toEqual(expected);
  });

  test.each(["x", "-1", "1:2:3", "1.5", ""])("%j is no range", (text) => {
    expect(message(() => parseIndex(text, 10, "a"))).toContain("is not a list of positions");
  });

  test.each(["10", "5:11", "4:4", "7:2"])("%s is outside", (text) => {
    expect(message(() => parseIndex(text, 10, "a"))).toContain("it holds 10 examples, at positions 0 to 9");
  });
});

describe("pictures", () => {
  const rgb = { r: 255, g: 255, b: 255 };

  test("any size and colour is resized and greyed, and it is said", async () => {
    const path = join(folder, "red.png");
    await sharp({
      create: { width: 40, height: 40, channels: 3, background: { r: 255, g: 0, b: 0 } },
    }).toFile(path);
    const picture = await readPicture(path, image, false);
    expect(picture.shape).toEqual([1, 1, 2, 2]);
    expect(picture.changes).toEqual(["resized from 40×40 to 2×2", "greyed"]);
    for (const v of picture.data) expect(v).toBeCloseTo(0.299, 6);
  });

  test("what is transparent is laid on what shows the drawing, and it is said", async () => {
    const path = join(folder, "ink.png");
    const ink = (v: number): number[] => [v, v, v, 255, ...Array(12).fill(0)];
    const raw = { raw: { width: 2, height: 2, channels: 4 } } as const;
    await sharp(Buffer.from(ink(0)), raw)
      .png()
      .toFile(path);
    const dark = await readPicture(path, image, false);
    expect([[...dark.data], dark.changes]).toEqual([
      [0, 1, 1, 1],
      ["greyed", "laid on white"],
    ]);
    expect(dark.brightBorder).toBe(true);
    expect([...(await readPicture(path, image, true)).data]).toEqual([1, 0, 0, 0]);
    await sharp(Buffer.from(ink(255)), raw)
      .png()
      .toFile(path);
    const bright = await readPicture(path, image, false);
    expect([[...bright.data], bright.changes]).toEqual([
      [1, 0, 0, 0],
      ["greyed", "laid on black"],
    ]);
  });

  test("sixteen bits, a palette, an orientation: the pixels are those that are seen", async () => {
    const path = join(folder, "other.png");
    const wide = targetOf({ name: "x", dtype: "f32", shape: ["N", 1, 1, 2] });
    await sharp(Uint16Array.of(0x8080, 0x3333), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toFile(path);
    expect([...(await readPicture(path, wide, false)).data].map((v) => Math.round(v * 255))).toEqual([
      0x80, 0x33,
    ]);
    await sharp(Buffer.from([255, 0, 0, 0, 0, 255]), { raw: { width: 2, height: 1, channels: 3 } })
      .png({ palette: true })
      .toFile(path);
    expect([...(await readPicture(path, wide, false)).data].map((v) => Math.round(v * 255))).toEqual([
      76, 29,
    ]);
    const turned = join(folder, "turned.tiff");
    await sharp(Buffer.from([10, 200]), { raw: { width: 1, height: 2, channels: 1 } })
      .toColourspace("b-w")
      .withMetadata({ orientation: 6 }) // the first column is shown as the top row, from right to left
      .tiff()
      .toFile(turned);
    const picture = await readPicture(turned, wide, false);
    expect([...picture.data].map((v) => Math.round(v * 255))).toEqual([200, 10]);
  });

  test("the aspect ratio is kept on black", async () => {
    const path = join(folder, "wide.png");
    await sharp({ create: { width: 80, height: 40, channels: 3, background: rgb } }).toFile(path);
    const target = targetOf({ name: "x", dtype: "f32", shape: ["N", 1, 4, 4] });
    expect([...(await readPicture(path, target, false)).data]).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0,
    ]);
  });

  test("three channels come channels first; a flat input takes a square picture", async () => {
    const path = join(folder, "blue.png");
    await sharp({ create: { width: 2, height: 2, channels: 3, background: { r: 0, g: 51, b: 255 } } }).toFile(
      path,
    );
    const colour = targetOf({ name: "x", dtype: "f32", shape: ["N", 3, 2, 2] });
    const values = [...(await readPicture(path, colour, false)).data].map((v) => Math.round(v * 255));
    expect(values).toEqual([0, 0, 0, 0, 51, 51, 51, 51, 255, 255, 255, 255]);
    expect(
      (await readPicture(path, targetOf({ name: "x", dtype: "f32", shape: ["N", 4] }), false)).shape,
    ).toEqual([1, 4]);
  });

  test("what is no picture is an error, as is an input that takes none", async () => {
    const path = file("broken.png", "this is no picture");
    await expect(readPicture(path, image, false)).rejects.toThrow("is not a picture that can be read");
    const cut = file(
      "cut.png",
      (
        await sharp({ create: { width: 64, height: 64, channels: 3, background: rgb } })
          .png()
          .toBuffer()
      ).subarray(0, 90),
    );
    await expect(readPicture(cut, image, false)).rejects.toThrow("is not a picture that can be read");
    await expect(
      readPicture(path, targetOf({ name: "x", dtype: "f32", shape: ["N", 5] }), false),
    ).rejects.toThrow("cannot feed the input x, which is [N, 5]");
  });
});

describe("inputs of a model", () => {
  const quiet = { note: () => undefined };
  const a = { name: "a", dtype: "f32", shape: ["N", 2] } as const;
  const b = { name: "b", dtype: "f32", shape: ["N", 3] } as const;

  test("several files make one batch; IDX bytes go from 0…255 to 0…1", async () => {
    const one = file("one.json", "[[[0, 1], [1, 0]]]");
    const two = file("two-idx3-ubyte", idx([3, 2, 2], [0, 0, 0, 0, 255, 255, 255, 255, 51, 51, 51, 51]));
    const input = { name: "image", dtype: "f32", shape: ["N", 1, 2, 2] } as const;
    const [batch] = await readInputs([input], [one, two], { ...quiet, index: "1:3" }).catch(() => []);
    expect(batch).toBeUndefined(); // --index applies to every file, and one.json has a single example
    const [whole] = await readInputs([input], [one, two], quiet);
    expect(whole?.shape).toEqual([4, 1, 2, 2]);
    expect([...(whole?.data ?? [])].slice(8)).toEqual([1, 1, 1, 1, ...new Float32Array(4).fill(0.2)]);
  });

  test.each([
    ["a.npy", npy("<f4", [0, 1, 2, 2], new Float32Array(0)), "[0, 1, 2, 2]"],
    ["b.npy", npy("<f4", [3, 0, 2], new Float32Array(0)), "[3, 0, 2]"],
    ["c.json", "[]", "[0]"],
    ["d-idx3-ubyte", idx([0, 2, 2], []), "[0, 2, 2]"],
  ])("no numbers: %s", async (name, content, shape) => {
    const path = file(name, content);
    const failure = await readInputs(
      [{ name: "image", dtype: "f32", shape: ["N", 1, 2, 2] }],
      [path],
      quiet,
    ).then(
      () => "read",
      (error: Error) => error.message,
    );
    expect(failure.replace(folder, "…")).toBe(
      `…/${name} holds no numbers: its shape is ${shape}\n  rule: every size is at least 1\n  try:  a file with at least one example`,
    );
  });

  test("bytes of .npy are those of IDX and of pictures, and it is said", async () => {
    const notes: string[] = [];
    const note = (text: string): void => {
      notes.push(text);
    };
    const input = { name: "image", dtype: "f32", shape: ["N", 1, 2, 2] } as const;
    const pixels = [0, 51, 102, 255];
    const path = file("bytes.npy", npy("|u1", [1, 2, 2], Uint8Array.from(pixels)));
    const [bytes] = await readInputs([input], [path], { note });
    const [same] = await readInputs([input], [file("b-idx3-ubyte", idx([1, 2, 2], pixels))], quiet);
    expect(bytes?.data).toEqual(same?.data);
    expect([...(bytes?.data ?? [])]).toEqual([0, Math.fround(0.2), Math.fround(0.4), 1]);
    expect(notes).toEqual([
      `${path}: its bytes 0 … 255 become 0 … 1, as those of pictures do; values that are to stay belong in float32`,
    ]);
    const whole = file("whole.npy", npy("<i4", [1, 2, 2], new Float32Array(4)));
    await readInputs([input], [whole], { note });
    expect(notes).toHaveLength(1);
  });

  test("several inputs are told apart by name", async () => {
    const x = file("x.json", "[[1, 2]]");
    const y = file("y.json", "[[1, 2, 3]]");
    const batches = await readInputs([a, b], [`a=${x}`, `b=${y}`], quiet);
    expect(batches.map((batch) => batch.shape)).toEqual([
      [1, 2],
      [1, 3],
    ]);
    await expect(readInputs([a, b], ["x.npy"], quiet)).rejects.toThrow(
      "does not say which of the inputs a, b it is for",
    );
    await expect(readInputs([a, b], [`a=${x}`], quiet)).rejects.toThrow("the input b [N, 3] has no data");
    const more = file("more.json", "[[1, 2, 3], [1, 2, 3]]");
    await expect(readInputs([a, b], [`a=${x}`, `b=${more}`], quiet)).rejects.toThrow(
      "different numbers of examples: a 1, b 2",
    );
  });

  test("a fixed size takes one example only", async () => {
    const fixed = { name: "x", dtype: "f32", shape: [2] } as const;
    const path = file("two.json", "[1, 2]");
    await expect(readInputs([fixed], [path, path], quiet)).rejects.toThrow("takes one [2], but 2 were given");
  });

  test("a missing file and a directory", async () => {
    await expect(readInputs([a], [join(folder, "none.npy")], quiet)).rejects.toThrow("there is no such file");
    await expect(readInputs([a], [folder], quiet)).rejects.toThrow(/cannot/);
  });
});

describe("--classes", () => {
  test("known sets, lists, files", async () => {
    expect((await readClasses("fashion-mnist"))[9]).toBe("Ankle boot");
    expect(await readClasses("cat, dog")).toEqual(["cat", "dog"]);
    expect(await readClasses(file("names.txt", "one\r\n\ntwo\n"))).toEqual(["one", "two"]);
    await expect(readClasses("nothing")).rejects.toThrow("no known set of classes and no file has that name");
  });
});
