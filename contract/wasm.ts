/**
 * What a program's module (`Program.module`) and whoever runs it agree on.
 *
 * The module imports `"" "m"`, a memory of pages of 64 KiB, with `MOST_PAGES` as its maximum, and exports for kernel number i
 * of `Program.kernels` a function `"i"` of 32-bit integers:
 *
 *   (first, last, batch, …bindings) → ()
 *
 * It carries out the workgroups from `first` to before `last`, each by itself: calls may divide a dispatch in any way and
 * give the same bytes. `batch` is the byte address of the uniform as `Shader.usesBatch` has it (0 where there is none), then
 * comes that of each binding, all multiples of `ALIGNMENT`. Every address is at least `WasmModule.slack`, and the memory goes on
 * for so many bytes behind the last buffer.
 *
 * The first sections are a custom one, the types and the import, so that both can be changed where the host allows it: whether
 * the memory is shared (`shared`), and whether products are added as they are made (`fused`).
 */

/** Of buffers in the memory. */
export const ALIGNMENT = 16;

/** 4 GiB: what addresses of 32 bits reach. */
export const MOST_PAGES = 65_536;

/** Where a module's header ends and its first section begins: its number, then its length. */
const FIRST_SECTION = 8;

/** A copy of a module, and a reader of its numbers (LEB128) from the first section's length on. */
function opened(module: Uint8Array) {
  const copy = Uint8Array.from(module);
  const reader = {
    copy,
    at: FIRST_SECTION + 1,
    number(): number {
      let [value, shift] = [0, 0];
      for (let more = true; more; shift += 7) {
        const byte = copy[reader.at++] as number;
        value |= (byte & 127) << shift;
        more = byte > 127;
      }
      return value;
    },
  };
  return reader;
}

/** The bytes of a module as one that shares its memory. */
export function shared(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = opened(module);
  for (const _ of ["custom", "types"]) {
    const length = reader.number();
    reader.at += length + 1;
  }
  // The import section: its length, count 1, the empty name, the name "m", a memory (2), its flags: 1 with a maximum, 3 shared.
  reader.copy[reader.at + 6] = 3;
  return reader.copy;
}

/**
 * The bytes of a module that multiplies and adds vectors at once, where it adds products up: `f32x4.relaxed_madd` (relaxed
 * SIMD) in place of `f32x4.mul`, a local, `f32x4.add`. All these have three bytes, so nothing moves. Each sum is rounded once
 * for each product rather than twice. The first section, a custom one, says where: the distance of each such product from the
 * one before, of the first from the section's end.
 */
export function fused(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = opened(module);
  const { copy } = reader;
  const length = reader.number();
  const end = reader.at + length;
  reader.at += 2; // its name
  for (let place = end; reader.at < end; ) {
    place += reader.number();
    // Nothing, three times; behind the local, whose number ends with a byte below 128, the addition.
    copy.fill(1, place, place + 3);
    let add = place + 4;
    while ((copy[add] as number) > 127) add++;
    copy.set([0xfd, 0x85, 2], add + 1);
  }
  return copy;
}

/** Whether what runs here knows relaxed SIMD: a module with `f32x4.relaxed_madd` is valid. */
export const fuses = (): boolean =>
  WebAssembly.validate(
    // One function from nothing to nothing: unreachable, so that anything may be multiplied, added and dropped.
    Uint8Array.of(
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
      ...[10, 9, 1, 7, 0, 0, 0xfd, 0x85, 2, 26, 11],
    ),
  );
