/** Pictures that were damaged or made to do harm. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { readPicture } from "../../cli/input/image.ts";
import { UserError } from "../../compiler/errors.ts";
import { targetOf } from "../../data/array.ts";
import { damaged, seed } from "./damage.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-pictures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("pictures", () => {
  const target = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 8, 8] });
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
    await expect(readPicture(path, target, false)).rejects.toThrow(
      /large\.png is not a picture .*pixel limit/,
    );
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
    const read = await refusedOrRead(path);
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
