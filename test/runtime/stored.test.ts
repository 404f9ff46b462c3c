/** Every type of safetensors, against what JavaScript's own typed arrays make of the same bytes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, WeftError } from "../../runtime/index.ts";
import { readWeights } from "../../runtime/weights.ts";
import { seed } from "../hostile/damage.ts";
import { type Entry, safetensors } from "./safetensors.ts";

const runs = (numRuns: number) => ({ numRuns, seed });
const read = (entry: Entry, dtype?: "f32" | "i32" | "u32") =>
  readWeights(safetensors({ a: entry }), dtype && { params: [{ name: "a", dtype }] })["a"];
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(WeftError);
    return (error as WeftError).message;
  }
  return "";
};

/** Where numbers are not the same; those of NaN and 0 with either sign are told apart, too. */
const differing = (found: ArrayLike<number> | undefined, wanted: Float32Array): readonly number[] =>
  [...wanted.keys()].filter((i) => !Object.is(found?.[i], wanted[i]));

/** What f32 holds of a number; undefined where it holds none. */
const held = (value: number): number | undefined => {
  const rounded = Math.fround(value);
  return Number.isFinite(value) && !Number.isFinite(rounded) ? undefined : rounded;
};

/** IEEE 754 binary16 by its definition, with text and division instead of bits. */
function half(bits: number): number {
  const text = bits.toString(2).padStart(16, "0");
  const [sign, exponent, fraction] = [text[0] === "1" ? -1 : 1, text.slice(1, 6), text.slice(6)];
  const parts = [...fraction].reduce((sum, bit, i) => sum + Number(bit) / 2 ** (i + 1), 0);
  const e = Number.parseInt(exponent, 2);
  if (e === 31) return parts === 0 ? sign / 0 : Number.NaN;
  return sign * (e === 0 ? parts / 2 ** 14 : (1 + parts) * 2 ** (e - 15));
}

describe("fractions", () => {
  test("F64 is rounded to f32, or its number is named", () => {
    fc.assert(
      fc.property(fc.float64Array({ maxLength: 20 }), (values) => {
        const at = values.findIndex((v) => held(v) === undefined);
        const entry: Entry = { dtype: "F64", shape: [values.length], data: values };
        if (at < 0) expect(read(entry)?.data).toEqual(Float32Array.from(values));
        else
          expect(message(() => read(entry))).toBe(
            `weights: "a" holds ${values[at]} at element ${at}, which f32 does not hold`,
          );
      }),
      runs(300),
    );
    expect(read({ dtype: "F64", shape: [2], data: Float64Array.of(1e-320, -0) })?.data).toEqual(
      Float32Array.of(0, -0),
    );
  });

  test("F16: all of its numbers", () => {
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const values = Float32Array.from(data, half);
    expect(differing(read({ dtype: "F16", shape: [65536], data })?.data, values)).toEqual([]);
  });

  test("BF16: all of its numbers are the f32 with those upper halves", () => {
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const view = new DataView(new ArrayBuffer(4));
    const values = Float32Array.from(data, (bits) => {
      view.setUint16(0, bits);
      return view.getFloat32(0);
    });
    expect(differing(read({ dtype: "BF16", shape: [65536], data })?.data, values)).toEqual([]);
  });

  test("no fraction is a whole number", () => {
    const data = Float64Array.of(1, 2.5);
    expect(read({ dtype: "F64", shape: [1], data: data.slice(0, 1) }, "i32")?.data).toEqual(Int32Array.of(1));
    expect(message(() => read({ dtype: "F64", shape: [2], data }, "i32"))).toBe(
      'weights: "a" holds 2.5 at element 1, which i32 does not hold',
    );
  });
});

describe("whole numbers", () => {
  const whole = [
    ["I8", fc.int8Array({ maxLength: 9 })],
    ["U8", fc.uint8Array({ maxLength: 9 })],
    ["I16", fc.int16Array({ maxLength: 9 })],
    ["U16", fc.uint16Array({ maxLength: 9 })],
    ["I32", fc.int32Array({ maxLength: 9 })],
    ["U32", fc.uint32Array({ maxLength: 9 })],
    [
      "I64",
      fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((a) => BigInt64Array.from(a)),
    ],
    ["I64", fc.array(fc.integer(), { maxLength: 9 }).map((a) => BigInt64Array.from(a, BigInt))],
    ["U64", fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((a) => BigUint64Array.from(a))],
    ["U64", fc.array(fc.nat(2 ** 25), { maxLength: 9 }).map((a) => BigUint64Array.from(a, BigInt))],
  ] as const;
  const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array };

  test.each(whole)("%s stays what it is, or its number is named", (dtype, drawn) => {
    fc.assert(
      fc.property(drawn, fc.constantFrom("f32", "i32", "u32"), (data, to) => {
        const numbers = [...(data as Iterable<number | bigint>)];
        const kept = [...arrays[to].from(numbers.map(Number))];
        const at = numbers.findIndex(
          (v, i) => kept[i] === Number.POSITIVE_INFINITY || BigInt(kept[i] ?? 0) !== BigInt(v),
        );
        const entry: Entry = { dtype, shape: [data.length], data };
        if (at < 0) expect(read(entry, to)?.data).toEqual(arrays[to].from(kept));
        else
          expect(message(() => read(entry, to))).toBe(
            `weights: "a" holds ${numbers[at]} at element ${at}, which ${to} does not hold`,
          );
      }),
      runs(200),
    );
  });

  test("BOOL is 0 or 1, whatever its bytes", () => {
    const entry = { dtype: "BOOL", shape: [3], data: Uint8Array.of(0, 1, 255) };
    expect(read(entry)?.data).toEqual(Float32Array.of(0, 1, 1));
    expect(read(entry, "u32")?.data).toEqual(Uint32Array.of(0, 1, 1));
  });
});

describe("files", () => {
  test("types of all widths beside each other, at any place in a buffer", () => {
    const bytes = safetensors({
      bytes: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
      wide: { dtype: "F64", shape: [1], data: Float64Array.of(0.1) },
      half: { dtype: "F16", shape: [], data: Uint16Array.of(0x3c00) },
      plain: { dtype: "F32", shape: [1], data: Float32Array.of(7) },
    });
    for (const shift of [0, 1, 4]) {
      const larger = new Uint8Array(bytes.length + 9);
      larger.set(bytes, shift);
      expect({ ...readWeights(larger.subarray(shift, shift + bytes.length)) }).toEqual({
        bytes: { shape: [3], data: Float32Array.of(1, 2, 3) },
        wide: { shape: [1], data: Float32Array.of(0.1) },
        half: { shape: [], data: Float32Array.of(1) },
        plain: { shape: [1], data: Float32Array.of(7) },
      });
    }
  });

  test("counters of batch normalisation are passed over, unless a model has the name", () => {
    const counter: Entry = { dtype: "I64", shape: [], data: BigInt64Array.of(7n) };
    const bytes = safetensors({
      "bn.num_batches_tracked": counter,
      num_batches_tracked: counter,
      b: counter,
    });
    expect(Object.keys(readWeights(bytes))).toEqual(["b"]);
    const params = [{ name: "num_batches_tracked", dtype: "f32" }] as const;
    expect({ ...readWeights(bytes, { params }) }).toEqual({
      b: { shape: [], data: Float32Array.of(7) },
      num_batches_tracked: { shape: [], data: Float32Array.of(7) },
    });
  });

  test("a number that nobody wants stops nobody", () => {
    const bytes = safetensors({ ids: { dtype: "I64", shape: [1], data: BigInt64Array.of(2n ** 60n + 1n) } });
    expect(message(() => readWeights(bytes))).toContain("1152921504606846977 at element 0");
    expect(Object.keys(readWeights(bytes, { params: [] }))).toEqual(["ids"]);
  });

  test("other types are refused by name, and the runtime says who reads more", () => {
    const odd = { dtype: "F8_E4M3", shape: [1], data: Uint8Array.of(1) };
    expect(message(() => read(odd))).toBe(
      'weights: "a" is F8_E4M3, none of F32 I32 U32 F64 F16 BF16 I64 U64 I16 U16 I8 U8 BOOL',
    );
    const half = safetensors({ a: { dtype: "F16", shape: [1], data: Uint16Array.of(1) } });
    expect(message(() => readSafetensors(half))).toBe(
      'weights: "a" is F16; try: readWeights of weftgpu/weights',
    );
  });
});
