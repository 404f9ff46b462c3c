/** Files that were damaged or made to do harm: a message for the user, in bounded memory and time, never a crash. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { idxDataSet } from "../../cli/data/idx.ts";
import { targetOf } from "../../cli/input/array.ts";
import { gunzipIfNeeded, parseIdx } from "../../cli/input/idx.ts";
import { readPicture } from "../../cli/input/image.ts";
import { parseJson } from "../../cli/input/json.ts";
import { parseNpy } from "../../cli/input/npy.ts";
import { readSaved, save } from "../../cli/training/saved.ts";
import { compile } from "../../compiler/compile.ts";
import { readTuning } from "../../compiler/emit/tuning.ts";
import { UserError } from "../../compiler/errors.ts";
import lenet from "../../models/lenet.ts";
import { readSafetensors, validateProgram, WeftError, writeSafetensors } from "../../runtime/index.ts";
import { readMetadata } from "../../runtime/metadata.ts";
import { BEGINNING, fromCheckpoint, stateParams, toCheckpoint } from "../../runtime/trainState.ts";
import { idx, npy } from "../cli/make.ts";
import { linearTraining } from "../train/runtime.ts";
import { mutated } from "./json.ts";

const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 2026);
const folder = mkdtempSync(join(tmpdir(), "weft-hostile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with bytes changed, cut off, put in or doubled. */
function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const change = fc.record({
    at: fc.nat({ max: bytes.length - 1 }),
    kind: fc.constantFrom("set", "flip", "cut", "insert", "double"),
    byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b, 0x2d),
    length: fc.integer({ min: 1, max: 9 }),
  });
  // Most of the damage goes to the beginning, where headers are.
  const early = change.map((c) => ({ ...c, at: c.at % Math.min(bytes.length, 64) }));
  return fc.array(fc.oneof(change, early, early), { minLength: 1, maxLength: 4 }).map((changes) =>
    changes.reduce<Uint8Array<ArrayBuffer>>((now, { at, kind, byte, length }) => {
      const before = now.subarray(0, Math.min(at, now.length));
      if (kind === "cut") return Uint8Array.from(before);
      const after = now.subarray(before.length + (kind === "insert" || kind === "double" ? 0 : length));
      const middle = new Uint8Array(length).map((_, i) =>
        kind === "flip" ? (now[before.length + i] ?? 0) ^ byte : byte,
      );
      const part = kind === "double" ? now.subarray(before.length, before.length + 64) : middle;
      return Uint8Array.from([...before, ...part, ...after]);
    }, Uint8Array.from(bytes)),
  );
}

const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes));

/** Whether the reader takes the bytes; what it throws has to be for people. */
function takes(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof UserError || error instanceof WeftError)) throw error;
    expect(error.message.length).toBeLessThan(5000);
    return false;
  }
}

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

describe("pictures", () => {
  const target = targetOf({ name: "image", shape: ["N", 1, 8, 8] });
  const pixels = Buffer.from(Array.from({ length: 12 * 10 * 3 }, (_, i) => (i * 37) % 256));
  const raw = { raw: { width: 12, height: 10, channels: 3 } } as const;
  const refusedOrRead = async (path: string): Promise<boolean> => {
    try {
      const { data } = await readPicture(path, target, false);
      expect(data.every((v) => v >= 0 && v <= 1)).toBe(true);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      return false;
    }
  };

  test.each(["png", "jpeg", "webp", "gif", "tiff"] as const)("damaged %s", async (format) => {
    const good = Uint8Array.from(await sharp(pixels, raw).toFormat(format).toBuffer());
    const path = join(folder, `picture.${format}`);
    writeFileSync(path, good);
    expect(await refusedOrRead(path)).toBe(true);
    await fc.assert(
      fc.asyncProperty(damaged(good), async (bytes) => {
        writeFileSync(path, bytes);
        await refusedOrRead(path);
      }),
      { numRuns: 60, seed },
    );
  });

  test("that claim a billion pixels are refused before they are decoded", async () => {
    // A PNG's size stands in its header, whose checksum comes after it.
    const png = Uint8Array.from(await sharp(pixels, raw).png().toBuffer());
    new DataView(png.buffer).setUint32(16, 60_000);
    new DataView(png.buffer).setUint32(20, 60_000);
    new DataView(png.buffer).setUint32(29, crc(png.subarray(12, 29)));
    const path = join(folder, "large.png");
    writeFileSync(path, png);
    const start = performance.now();
    await expect(readPicture(path, target, false)).rejects.toThrow(
      /large\.png is not a picture .*pixel limit/,
    );
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test.each<[name: string, text: string]>([
    [
      "a billion laughs",
      `<!DOCTYPE s [<!ENTITY a "lol">${[..."bcdefghij"].map((e, i) => `<!ENTITY ${e} "${`&${"abcdefghi"[i]};`.repeat(10)}">`).join("")}]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&j;</text></svg>`,
    ],
    [
      "a picture of another file",
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="8" height="8"><image x:href="file:///etc/passwd" width="8" height="8"/></svg>`,
    ],
    [
      "a huge size",
      `<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"><rect width="9" height="9"/></svg>`,
    ],
    [
      "deep nesting",
      `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${"<g>".repeat(5000)}${"</g>".repeat(5000)}</svg>`,
    ],
  ])("SVG with %s", async (name, text) => {
    const path = join(folder, "picture.svg");
    writeFileSync(path, text);
    const start = performance.now();
    const read = await refusedOrRead(path);
    expect(performance.now() - start).toBeLessThan(5000);
    if (name === "a picture of another file" && read)
      expect((await readPicture(path, target, false)).data.every((v) => v === 0)).toBe(true);
  });
});

/** CRC-32 as PNG has it (RFC 2083, section 3.4). */
function crc(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}

describe("checkpoints", () => {
  const training = linearTraining();
  const tensors = Object.fromEntries(
    stateParams(training).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(shape.reduce((a, d) => a * d, 1)) },
    ]),
  );
  const good = toCheckpoint(training, { position: { ...BEGINNING, epoch: 2 }, seed: 7, tensors });
  const bytes = writeSafetensors(good.tensors, good.metadata);

  test("damaged bytes", () => {
    expect(fromCheckpoint(training, good).seed).toBe(7);
    fc.assert(
      fc.property(damaged(bytes), (file) => {
        takes(() =>
          fromCheckpoint(training, { tensors: readSafetensors(file), metadata: readMetadata(file) }),
        );
      }),
      { numRuns: 1000, seed },
    );
  });

  test("damaged metadata", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("optimizer", "position", "seed", "loss").chain((key) =>
          fc.oneof(
            fc.string({ maxLength: 20 }).map((text) => ({ [key]: text })),
            fc.json().map((text) => ({ [key]: text })),
            mutated({ step: 1, epoch: 1, stepInEpoch: 0, loss: 0, right: 0, batch: 2, rows: 4 }).map(
              (value) => ({
                position: JSON.stringify(value) ?? "",
              }),
            ),
          ),
        ),
        (change) => {
          takes(() =>
            fromCheckpoint(training, { tensors: good.tensors, metadata: { ...good.metadata, ...change } }),
          );
        },
      ),
      { numRuns: 1000, seed },
    );
  });

  test("as files: refused in words, and left as they are", async () => {
    const out = join(folder, "run.safetensors");
    const settings = {
      data: "synthetic",
      epochs: 9,
      batch: 4,
      lr: 0.1,
      optimizer: "sgd",
      schedule: "constant",
    } as const;
    const point = { epoch: 1, loss: 1, trainAccuracy: 0.5, testAccuracy: 0.5 };
    await save(out, {}, good, [point], settings);
    const path = join(folder, "run.checkpoint.safetensors");
    const whole = Uint8Array.from(readFileSync(path));
    expect((await readSaved(out)).history).toEqual([point]);
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (file) => {
        writeFileSync(path, file);
        try {
          const { history, settings, epoch } = await readSaved(out);
          expect(epoch).toBeGreaterThanOrEqual(0);
          expect(history.every((p) => Number.isFinite(p.loss + p.testAccuracy))).toBe(true);
          expect(settings.epochs === undefined || settings.epochs > 0).toBe(true);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        expect(Uint8Array.from(readFileSync(path))).toEqual(file);
      }),
      { numRuns: 300, seed },
    );
    for (const notes of [
      { history: "[1]" },
      { history: "{}" },
      { settings: "[]x" },
      { settings: '{"epochs":"9"}' },
      { settings: "null" },
    ]) {
      writeFileSync(path, writeSafetensors(good.tensors, { ...good.metadata, ...notes }));
      await expect(readSaved(out)).rejects.toBeInstanceOf(UserError);
    }
  });

  test("a write that fails leaves nothing half written", async () => {
    const out = join(folder, "whole.safetensors");
    const settings = {
      data: "synthetic",
      epochs: 9,
      batch: 4,
      lr: 0.1,
      optimizer: "sgd",
      schedule: "constant",
    } as const;
    await save(out, {}, good, [], settings);
    const before = readdirSync(folder).sort();
    const bad = { x: { shape: [2], data: Float32Array.of(1) } };
    await expect(save(out, bad, good, [], settings)).rejects.toThrow(
      /"x" has 1 elements, its shape \[2\] needs 2/,
    );
    await expect(save(out, {}, { ...good, tensors: bad }, [], settings)).rejects.toThrow();
    expect(readdirSync(folder).sort()).toEqual(before);
    expect((await readSaved(out)).epoch).toBe(2);
  });
});

describe("tuning files", () => {
  const good = {
    format: "weft-tuning",
    version: 1,
    adapters: [
      {
        vendor: "v",
        architecture: "a",
        device: "d",
        description: "x",
        features: ["subgroups"],
        target: "quads",
        batch: 16,
        kernels: {
          key: {
            layers: "conv1",
            kernel: "conv1",
            default: 2,
            tuned: 1,
            defaultBuild: 3,
            build: 4,
            schedule: { kind: "contraction", workgroup: 64, tile: [1, 4], unroll: [1], share: null },
          },
        },
      },
    ],
  };

  test("damaged", async () => {
    const path = join(folder, "model.tune.json");
    writeFileSync(path, JSON.stringify(good));
    expect(await readTuning(path)).toEqual(good);
    const files = fc.oneof(
      mutated(good).map((value) => JSON.stringify(value) ?? ""),
      damaged(new TextEncoder().encode(JSON.stringify(good))).map((b) => Buffer.from(b).toString("latin1")),
    );
    await fc.assert(
      fc.asyncProperty(files, async (text) => {
        writeFileSync(path, text);
        try {
          await readTuning(path);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }),
      { numRuns: 500, seed },
    );
  });

  test("whose schedules make no sense: the kernel is compiled as by default, or as they say", () => {
    const sane = fc.constantFrom(1, 2, 4, 5);
    const number = fc.oneof(
      { weight: 9, arbitrary: sane },
      fc.constantFrom(8, 100, 400, 0, -1, 0.5, 2 ** 31, 1e300),
    );
    // Dense layers have two axes, and sum over one.
    const numbers = (length: number) =>
      fc.oneof(
        { weight: 4, arbitrary: fc.array(number, { minLength: length, maxLength: length }) },
        fc.array(number, { maxLength: 9 }),
      );
    const schedules = fc.record({
      kind: fc.constantFrom("contraction", "contraction", "mapReduce"),
      workgroup: fc.constantFrom(64, 64, 32, 128, 256, 257, 0, 0.5),
      tile: numbers(2),
      unroll: numbers(1),
      share: fc.constantFrom(null, null, "lhs", "rhs"),
      vector: fc.constantFrom(1, 2, 4, 3),
    });
    const plain = compile(lenet.graph).program;
    let taken = 0;
    fc.assert(
      fc.property(fc.array(schedules, { minLength: 5, maxLength: 5 }), (list) => {
        let next = 0;
        // Every kernel finds one under its key.
        const tuning = new Proxy({}, { get: () => list[next++ % list.length] });
        const { program } = compile(lenet.graph, { tuning });
        validateProgram(JSON.parse(JSON.stringify(program)));
        const bytes = program.kernels.reduce((sum, k) => sum + k.wgsl.length, 0);
        expect(bytes).toBeLessThan(2e6);
        if (JSON.stringify(program) !== JSON.stringify(plain)) taken++;
      }),
      { numRuns: 150, seed },
    );
    expect(taken).toBeGreaterThan(20);
  });
});
