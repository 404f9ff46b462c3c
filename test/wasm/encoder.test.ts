/** Modules as bytes (WebAssembly Core Specification 2.0, section 5): numbers, sections, and what engines make of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply, builtin, convert, float, int, loadFrom, plus } from "../../compiler/math/value.ts";
import { floatBytes, signed, unsigned } from "../../compiler/targets/wasm/code.ts";
import { base64, encodeModule } from "../../compiler/targets/wasm/module.ts";
import { shared } from "../../contract/wasm.ts";
import { bytesOf, kernelsOf, memory } from "./device.ts";
import { moduleOf, storage } from "./kernel.ts";

/** Section 5.2.2, as it is written there. */
function leb(bytes: readonly number[], isSigned: boolean): bigint {
  const value = bytes.reduce((sum, byte, i) => sum + (BigInt(byte & 127) << BigInt(7 * i)), 0n);
  const last = bytes.at(-1) ?? 0;
  return isSigned && last & 64 ? value - (1n << BigInt(7 * bytes.length)) : value;
}

describe("numbers", () => {
  const check = (encode: (n: number) => readonly number[], n: number, isSigned: boolean): void => {
    const bytes = encode(n);
    expect(leb(bytes, isSigned)).toBe(BigInt(n));
    expect(bytes.map((b) => b > 127)).toEqual(bytes.map((_, i) => i < bytes.length - 1));
    expect(bytes.length).toBeLessThanOrEqual(5);
  };
  const edges = [0, 1, 63, 64, 127, 128, 8191, 8192, 16_383, 16_384, 2 ** 31 - 1];
  test("without a sign", () => {
    for (const n of [...edges, 2 ** 31, 2 ** 32 - 1]) check(unsigned, n, false);
    fc.assert(fc.property(fc.nat({ max: 2 ** 32 - 1 }), (n) => check(unsigned, n, false)));
  });
  test("with a sign", () => {
    for (const n of [...edges, ...edges.map((e) => -e - 1), -65]) check(signed, n, true);
    fc.assert(fc.property(fc.integer(), (n) => check(signed, n, true)));
  });
  test("of more than 31 bits go on as the negative ones with their bits", () => {
    expect(signed(2 ** 32 - 1)).toEqual(signed(-1));
    expect(signed(2 ** 31)).toEqual(signed(-(2 ** 31)));
  });
  test("of f32, the lowest byte first", () => {
    expect(floatBytes(1)).toEqual([0, 0, 0x80, 0x3f]);
    expect(floatBytes(-0)).toEqual([0, 0, 0, 0x80]);
  });
  test("base64 of any length, and of more than an engine takes as arguments", () => {
    for (const length of [0, 1, 2, 3, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 31);
      expect(base64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(bytesOf(base64(bytes))).toEqual(bytes);
    }
  });
});

/** The sections' numbers and contents. */
function sectionsOf(bytes: Uint8Array): readonly (readonly [number, Uint8Array])[] {
  const sections: [number, Uint8Array][] = [];
  for (let at = 8; at < bytes.length; ) {
    const number = bytes[at++] ?? 0;
    const start = at;
    while ((bytes[at++] ?? 0) > 127);
    const length = Number(leb([...bytes.subarray(start, at)], false));
    sections.push([number, bytes.subarray(at, at + length)]);
    at += length;
  }
  return sections;
}

/** Kernels that store their number, some of them by functions. */
function many(count: number): Uint8Array<ArrayBuffer> {
  const kernels = Array.from({ length: count }, (_, i) => {
    const [x, y] = [storage("f32"), storage("f32", 1, true)];
    const at = convert(builtin("group"), "i32");
    const value = plus(float(i), apply(i % 2 ? "exp" : "tanh", loadFrom(x, at)));
    return moduleOf([{ kind: "store", to: y, at: plus(at, int(i)), value }], [x, y]);
  });
  return Uint8Array.from(encodeModule(kernels, []).bytes);
}

describe("modules", () => {
  test.each([1, 2, 127, 128, 300])(
    "%i kernels: sections in order, all of it valid, each kernel itself",
    (count) => {
      const bytes = many(count);
      expect(WebAssembly.validate(bytes)).toBe(true);
      const sections = sectionsOf(bytes);
      expect(sections.map(([number]) => number)).toEqual([0, 1, 2, 3, 7, 10]);
      const kernels = kernelsOf(bytes);
      expect(kernels.length).toBe(count);
      const words = new Float32Array(memory.buffer);
      for (const i of [0, count >> 1, count - 1]) {
        words.fill(0, 0, 4096);
        kernels[i]?.(0, 1, 0, 16, 64);
        expect(words[16 + i]).toBe(i + (i % 2 ? 1 : 0));
      }
    },
  );

  test("types are listed once", () => {
    const [, types] = sectionsOf(many(300))[1] ?? [];
    // (first, last, batch, x, y)
    expect(types?.[0]).toBe(1);
  });

  test("one that shares its memory differs in a byte, and takes nothing else", () => {
    for (const count of [1, 300]) {
      const bytes = many(count);
      const other = shared(bytes);
      const differing = Array.from(bytes).flatMap((b, i) => (b === other[i] ? [] : [i]));
      expect(differing.length).toBe(1);
      expect([bytes[differing[0] ?? 0], other[differing[0] ?? 0]]).toEqual([1, 3]);
      const common = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
      const instance = (module: Uint8Array<ArrayBuffer>, m: WebAssembly.Memory) => () =>
        new WebAssembly.Instance(new WebAssembly.Module(module), { "": { m } });
      expect(instance(other, common)).not.toThrow();
      expect(instance(other, memory)).toThrow(WebAssembly.LinkError);
      expect(instance(bytes, common)).toThrow(WebAssembly.LinkError);
    }
  });

  test("no kernels", () => {
    expect(WebAssembly.validate(Uint8Array.from(encodeModule([], []).bytes))).toBe(true);
  });

  test("offsets of several bytes", () => {
    const [x, y] = [storage("f32"), storage("f32", 1, true)];
    const body = Array.from({ length: 200 }, (_, i) => {
      const at = plus(convert(builtin("group"), "i32"), int(500 * i));
      return { kind: "store", to: y, at: int(i), value: loadFrom(x, at) } as const;
    });
    const [kernel] = kernelsOf(Uint8Array.from(encodeModule([moduleOf(body, [x, y])], []).bytes));
    const words = new Float32Array(memory.buffer);
    words.forEach((_, i) => {
      words[i] = i;
    });
    kernel?.(2, 3, 0, 64, 4 * 200_000);
    expect(Array.from(words.subarray(200_000, 200_200))).toEqual(
      Array.from({ length: 200 }, (_, i) => 16 + 2 + 500 * i),
    );
  });
});
