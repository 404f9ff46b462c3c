/** Files that were damaged or made to do harm: a message for the user, in bounded memory and time, never a crash. */
import { constants, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzipIfNeeded, parseIdx } from "../../cli/input/idx.ts";
import { UserError } from "../../compiler/errors.ts";
import { readStored } from "../../contract/stored.ts";
import { idxDataSet } from "../../data/idxSet.ts";
import { parseJson } from "../../data/json.ts";
import { parseNpy } from "../../data/npy.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/index.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { idx, npy } from "../cli/make.ts";
import { anything, damaged, seed, takes } from "./damage.ts";

const MAGIC = {
  safetensors: writeSafetensors(
    {
      "conv1.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      "conv1.bias": { shape: [2], data: Float32Array.of(7, 8) },
    },
    { format: "pt", note: "x" },
  ),
  idx: Uint8Array.from(
    idx(
      [3, 4, 4],
      Array.from({ length: 48 }, (_, i) => i),
    ),
  ),
  npy: Uint8Array.from(npy("<f4", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))),
  json: new TextEncoder().encode('{"image": [[[0, 1], [2, 3]], [[4, 5], [6, 7.5e-3]]], "other": null}'),
};

const READERS: readonly [name: string, good: Uint8Array, read: (bytes: Uint8Array) => unknown][] = [
  ["safetensors", MAGIC.safetensors, readSafetensors],
  ["safetensors of any types", MAGIC.safetensors, readStored],
  ["metadata of safetensors", MAGIC.safetensors, readMetadata],
  ["IDX", MAGIC.idx, (bytes) => parseIdx(bytes, "a.idx")],
  ["gzipped IDX", gzipSync(MAGIC.idx), (bytes) => parseIdx(bytes, "a.idx.gz")],
  [
    "IDX data sets",
    MAGIC.idx,
    (bytes) => idxDataSet({ bytes, name: "a" }, { bytes: idx([3], [0, 1, 2]), name: "b" }, []),
  ],
  [
    "labels",
    idx([3], [0, 1, 2]),
    (bytes) => idxDataSet({ bytes: MAGIC.idx, name: "a" }, { bytes, name: "b" }, ["x", "y"]),
  ],
  ["npy", MAGIC.npy, (bytes) => parseNpy(bytes, "a.npy")],
  ["JSON inputs", MAGIC.json, (bytes) => parseJson(new TextDecoder().decode(bytes), "image", "a.json")],
];

describe.each(READERS)("damaged %s", (_, good, read) => {
  test("are refused in words, or read", () => {
    let [read_, refused] = [0, 0];
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: damaged(good) }, { weight: 1, arbitrary: anything }),
        (bytes) => {
          if (takes(() => read(bytes))) read_++;
          else refused++;
        },
      ),
      { numRuns: 2000, seed },
    );
    expect(refused).toBeGreaterThan(100);
    expect(read_ + refused).toBe(2000);
  });
});

describe("files that claim to be enormous", () => {
  test("safetensors: nothing is allocated for a claim", () => {
    const header = (shape: readonly number[], offsets: readonly number[]): Uint8Array => {
      const text = new TextEncoder().encode(
        JSON.stringify({ a: { dtype: "F32", shape, data_offsets: offsets } }),
      );
      const bytes = new Uint8Array(8 + text.length);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
      bytes.set(text, 8);
      return bytes;
    };
    for (const [shape, end] of [
      [[2 ** 31], 2 ** 33],
      [[2 ** 26, 2 ** 26], 2 ** 53 - 4],
      [[0, 2 ** 53 - 1], 0],
    ] as const)
      takes(() => readSafetensors(header(shape, [0, end])));
    expect(() => readSafetensors(header([2 ** 31], [0, 2 ** 33]))).toThrow(
      /ends at byte 8589934592 of 0 bytes/,
    );
  });

  test("IDX: the claim is held against the file's length", () => {
    const claim = Uint8Array.from([0, 0, 13, 4, ...Array.from({ length: 16 }, () => 255)]);
    expect(() => parseIdx(claim, "a.idx")).toThrow(/a\.idx is cut off: 20 bytes/);
    expect(() => parseIdx(gzipSync(claim), "a.idx.gz")).toThrow(/a\.idx\.gz is cut off: 20 bytes/);
    const deep = Uint8Array.from([0, 0, 8, 255, ...Array.from({ length: 1020 }, () => 255)]);
    expect(() => parseIdx(deep, "a.idx")).toThrow(UserError);
  });

  test("JSON: a hundred thousand brackets", () => {
    const depth = 100_000;
    const text = "[".repeat(depth) + "]".repeat(depth);
    expect(() => parseJson(text, "image", "a.json")).toThrow(
      "a.json holds arrays in more than 16 levels\n  rule: an input is nested arrays of numbers, a level for each dimension",
    );
    expect(() => parseJson(`[1, ${text}]`, "image", "a.json")).toThrow(
      "the array[1] is an array, not a number",
    );
    expect(() => parseJson(`[1, {"a": ${text}}]`, "image", "a.json")).toThrow(
      "the array[1] is an object, not",
    );
  });
});

describe("gzip bombs", () => {
  /** The largest size of the process while `work` runs cannot be seen; what it allocates outside V8's heap can. */
  const grew = (work: () => void): number => {
    const before = process.memoryUsage().arrayBuffers;
    work();
    return process.memoryUsage().arrayBuffers - before;
  };

  test("no more is unpacked than the header promises", () => {
    const bomb = gzipSync(Buffer.concat([idx([1, 2, 2], [1, 2, 3, 4]), Buffer.alloc(64 << 20)]));
    expect(bomb.length).toBeLessThan(100_000);
    const bytes = grew(() => {
      expect(() => parseIdx(bomb, "bomb.gz")).toThrow("bomb.gz unpacks to more than its header says");
    });
    expect(bytes).toBeLessThan(8 << 20);
  });

  test("of what is no IDX file the beginning alone is unpacked", () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, "x"));
    const bytes = grew(() => {
      expect(gunzipIfNeeded(bomb, "bomb.gz").length).toBeLessThan(1 << 20);
      expect(() => parseIdx(bomb, "bomb.gz")).toThrow("bomb.gz is not an IDX file");
    });
    expect(bytes).toBeLessThan(8 << 20);
  });

  test("a header that promises too much", () => {
    const bomb = gzipSync(Buffer.concat([idx([0xffff, 0xffff], []), Buffer.alloc(1 << 20)]), { level: 1 });
    expect(() => parseIdx(bomb, "bomb.gz")).toThrow(/bomb\.gz (is cut off|unpacks to more)/);
  });

  test("an honest file still reads, at every level and with a name in its header", () => {
    for (const level of [1, 9])
      expect(parseIdx(gzipSync(MAGIC.idx, { level }), "a.gz").shape).toEqual([3, 4, 4]);
    expect(parseIdx(gzipSync(MAGIC.idx, { strategy: constants.Z_HUFFMAN_ONLY }), "a.gz").data[5]).toBe(5);
  });
});
