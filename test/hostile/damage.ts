/** Damage to the bytes of files. */
import fc from "fast-check";
import { expect } from "vitest";
import { UserError } from "../../compiler/errors.ts";
import { WeftError } from "../../runtime/index.ts";

/** What the random tests begin with; WEFT_FUZZ_SEED chooses another. */
export const seed = Number(process.env["WEFT_FUZZ_SEED"] ?? 2026);

/** A file with bytes changed, cut off, put in or doubled. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
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

export const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from(bytes));

/** Whether the reader takes the bytes; what it throws has to be for people. */
export function takes(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof UserError || error instanceof WeftError)) throw error;
    expect(error.message.length).toBeLessThan(5000);
    return false;
  }
}
