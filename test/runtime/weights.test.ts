import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { load, readSafetensors, WeftError, type Weights, writeSafetensors } from "../../runtime/index.ts";
import { readWeights, writeWeights } from "../../runtime/node/index.ts";
import { chain } from "./programs.ts";

const tensors = {
  "conv.weight": { shape: [2, 1, 2], data: Float32Array.of(1, -2, 3.5, 0) },
  "a.count": { shape: [3], data: Int32Array.of(-1, 0, 1) },
  "conv.bias": { shape: [2], data: Uint32Array.of(7, 4_000_000_000) },
  scalar: { shape: [], data: Float32Array.of(9) },
};

/** A safetensors file with any header. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const message = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(WeftError);
    return (error as WeftError).message;
  }
  return expect.fail("nothing was thrown");
};

describe("safetensors", () => {
  test("what was written is read", () => {
    const read = readSafetensors(writeSafetensors(tensors));
    expect({ ...read }).toEqual(tensors);
    expect(Object.keys(read)).toEqual(["a.count", "conv.bias", "conv.weight", "scalar"]);
  });
  test("equal tensors give equal bytes, whatever their order", () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(writeSafetensors(reversed)).toEqual(writeSafetensors(tensors));
  });
  test("the header ends at a multiple of 8 and is padded with spaces", () => {
    const bytes = writeSafetensors(tensors);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      "a.count": entry(0, 12, [3], "I32"),
      "conv.bias": entry(12, 20, [2], "U32"),
      "conv.weight": entry(20, 36, [2, 1, 2]),
      scalar: entry(36, 40, []),
    });
  });
  test("data at any byte offset, in a view of a larger buffer", () => {
    const bytes = file({ a: entry(0, 8) }, 8);
    for (const shift of [0, 1, 2, 3, 4]) {
      const larger = new Uint8Array(bytes.length + shift + 5);
      larger.set(bytes, shift);
      new DataView(larger.buffer).setFloat32(shift + bytes.length - 4, 2.5, true);
      const { a } = readSafetensors(larger.subarray(shift, shift + bytes.length));
      expect(a).toEqual({ shape: [2], data: Float32Array.of(0, 2.5) });
    }
  });
  test("metadata and empty tensors are fine", () => {
    const read = readSafetensors(
      file({ __metadata__: { format: "pt" }, e: entry(0, 0, [0, 3]), a: entry(0, 4) }, 4),
    );
    expect(Object.keys(read)).toEqual(["e", "a"]);
  });
  test("a tensor may have any name", () => {
    const text = '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const read = readSafetensors(file(text, 4));
    expect(Object.keys(read)).toEqual(["__proto__"]);
    expect(writeSafetensors(read).length).toBeGreaterThan(8 + text.length);
  });

  const reading = (header: unknown, dataBytes: number): string =>
    message(() => readSafetensors(file(header, dataBytes)));
  test.each<[string, unknown, number, string]>([
    ["no JSON", "{", 0, "weights: the safetensors header is no JSON: "],
    ["no object", "[1]", 0, 'weights: "0" is no header entry'],
    ["nothing", "null", 4, "weights: 4 bytes follow the last tensor"],
    ["an entry that is none", { a: 1 }, 0, 'weights: "a" is no header entry'],
    ["a negative size", { a: entry(0, 4, [-1]) }, 4, 'weights: "a" is no header entry'],
    ["a fractional size", { a: entry(0, 4, [0.5]) }, 4, 'weights: "a" is no header entry'],
    ["a huge offset", { a: entry(0, 2 ** 53, [2 ** 51]) }, 4, 'weights: "a" is no header entry'],
    [
      "another type",
      { a: entry(0, 4, [2], "F16") },
      4,
      'weights: "a" is F16; try: readWeights of weftgpu/weights',
    ],
    ["no type", { a: entry(0, 4, [1], "CONSTRUCTOR") }, 4, 'weights: "a" is CONSTRUCTOR; try: '],
    [
      "truncated data",
      { a: entry(0, 8) },
      4,
      'weights: "a" ends at byte 8 of 4 bytes of data: is the file truncated?',
    ],
    [
      "bytes that do not fit the shape",
      { a: entry(0, 8, [3]) },
      8,
      'weights: "a" has 8 bytes, its shape [3] needs 12',
    ],
    ["offsets in reverse", { a: entry(8, 4, [1]) }, 8, 'weights: "a" has -4 bytes, its shape [1] needs 4'],
    ["an overlap", { a: entry(0, 8), b: entry(4, 12) }, 12, 'weights: "b" overlaps another tensor'],
    ["a gap", { a: entry(0, 4), b: entry(8, 12) }, 12, 'weights: "b" leaves a gap after another tensor'],
    ["bytes after the end", { a: entry(0, 4) }, 7, "weights: 3 bytes follow the last tensor"],
  ])("%s is refused", (_, header, dataBytes, text) => {
    expect(reading(header, dataBytes)).toContain(text);
  });
  test("a file that is too short is refused", () => {
    expect(message(() => readSafetensors(new Uint8Array(5)))).toBe(
      "weights: 5 bytes are no safetensors file, or it is truncated",
    );
  });
  test("a header longer than the file is refused", () => {
    const bytes = file({ a: entry(0, 4) }, 4);
    for (const size of [2n ** 63n, BigInt(bytes.length - 7)]) {
      new DataView(bytes.buffer).setBigUint64(0, size, true);
      expect(message(() => readSafetensors(bytes))).toContain("are no safetensors file, or it is truncated");
    }
  });
  test("every truncation of a file is refused", () => {
    const bytes = writeSafetensors(tensors);
    for (let length = 0; length < bytes.length; length++)
      expect(message(() => readSafetensors(bytes.subarray(0, length)))).toMatch(/^weights: /);
  });
  test("tensors that contradict themselves are not written", () => {
    expect(message(() => writeSafetensors({ a: { shape: [2], data: new Float32Array(3) } }))).toBe(
      'weights: "a" has 3 elements, its shape [2] needs 2',
    );
    const bad = { a: { shape: [2], data: [1, 2] } } as unknown as Weights;
    expect(message(() => writeSafetensors(bad))).toBe(
      'weights: "a" is no Float32Array, Int32Array or Uint32Array',
    );
  });
});

describe("weights that do not fit the model", () => {
  const w = { shape: [5], data: new Float32Array(5) };
  const loading = async (weights: unknown): Promise<string> => {
    // Without a device: weights are checked before anything else.
    const error = await load(chain, { weights: weights as Weights }).then(
      () => expect.fail("nothing was thrown"),
      (e) => e,
    );
    expect(error).toMatchObject({ name: "WeftError", code: "weights" });
    return error.message;
  };
  test("missing", async () => {
    expect(await loading({})).toBe('weights: "layer.w" [5] is missing');
  });
  test("missing, with a name that may have been meant", async () => {
    expect(await loading({ "layer.weight": w })).toBe(
      'weights: "layer.w" [5] is missing; not in the model: "layer.weight"',
    );
  });
  test("extra", async () => {
    expect(await loading({ "layer.w": w, other: w })).toBe('weights: not in the model: "other"');
  });
  test("of another shape", async () => {
    expect(await loading({ "layer.w": { shape: [1, 5], data: w.data } })).toBe(
      'weights: "layer.w" has shape [1, 5], the model wants [5]',
    );
  });
  test("of another type", async () => {
    expect(await loading({ "layer.w": { shape: [5], data: new Int32Array(5) } })).toBe(
      'weights: "layer.w" is i32, the model wants f32',
    );
    expect(await loading({ "layer.w": { shape: [5], data: [1, 2, 3, 4, 5] } })).toBe(
      'weights: "layer.w" is Array, the model wants f32',
    );
  });
  test.each([
    [Promise.resolve({}), "Promise", "; try: await"],
    ["model.safetensors", "String", "; try: readWeights of weftgpu/node"],
    [[1, 2, 3], "Array", ""],
    [new Float32Array(5), "Float32Array", ""],
    [new DataView(new ArrayBuffer(8)), "DataView", ""],
    [new Map(), "Map", ""],
    [new Blob(), "Blob", ""],
    [null, "null", ""],
    [0, "Number", ""],
  ])("of another kind: %o", async (weights, kind, fix) => {
    expect(await loading(weights)).toBe(
      `weights: ${kind}, but they have to be the ArrayBuffer or Uint8Array of a safetensors file, or tensors by name${fix}`,
    );
    expect(message(() => readSafetensors(weights as never))).toBe(
      `weights: ${kind} is no ArrayBuffer or Uint8Array`,
    );
  });
  test("tensors of another kind", async () => {
    for (const [tensor, kind] of [
      [[1, 2, 3, 4, 5], "Array"],
      [w.data, "Float32Array"],
      [Promise.resolve(w), "Promise"],
      [null, "null"],
      [{ shape: 5, data: w.data }, "Object"],
    ])
      expect(await loading({ "layer.w": tensor })).toBe(
        `weights: "layer.w" is ${kind}, but has to be { shape, data }`,
      );
  });
  test("of another length than their shape says", async () => {
    expect(await loading({ "layer.w": { shape: [5], data: new Float32Array(4) } })).toBe(
      'weights: "layer.w" has 4 elements, its shape [5] needs 5',
    );
  });
  test("not finite", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(await loading({ "layer.w": { shape: [5], data: Float32Array.of(0, 0, 0, bad, 0) } })).toBe(
        `weights: "layer.w" holds ${bad} at element 3`,
      );
  });
  test("from a file, the same", async () => {
    expect(await loading(writeSafetensors({ "layer.w": { shape: [2], data: new Float32Array(2) } }))).toBe(
      'weights: "layer.w" has shape [2], the model wants [5]',
    );
  });
});

describe("files", () => {
  test("are written whole and read back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-test-"));
    const path = join(folder, "model.safetensors");
    await writeWeights(path, tensors);
    expect({ ...(await readWeights(path)) }).toEqual(tensors);
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
    expect(new Uint8Array(await readFile(path))).toEqual(writeSafetensors(tensors));
  });
  test("are left as they were when something goes wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weft-test-"));
    const path = join(folder, "model.safetensors");
    await writeFile(path, "before");
    const bad = { a: { shape: [2], data: new Float32Array(3) } };
    await expect(writeWeights(path, bad)).rejects.toThrow(`${path}: "a" has 3 elements`);
    expect(await readFile(path, "utf8")).toBe("before");
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
    await expect(writeWeights(join(folder, "no", "x"), tensors)).rejects.toThrow(/no\/x: ENOENT/);
    await expect(readWeights(path)).rejects.toThrow(`${path}: 6 bytes are no safetensors file`);
    await expect(readWeights(join(folder, "none"))).rejects.toMatchObject({ code: "weights" });
  });
});
