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
 * The first sections are the types and the import, so that threads can share the memory: a module says whether its memory is
 * shared in one byte, which `shared` sets.
 */

/** Of buffers in the memory. */
export const ALIGNMENT = 16;

/** 4 GiB: what addresses of 32 bits reach. */
export const MOST_PAGES = 65_536;

/** Where a module's header ends and its first section begins: its number, then its length. */
const FIRST_SECTION = 8;

/** The bytes of a module as one that shares its memory. */
export function shared(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(module);
  let [at, length, shift] = [FIRST_SECTION + 1, 0, 0];
  for (let more = true; more; shift += 7) {
    const byte = copy[at++] as number;
    length |= (byte & 127) << shift;
    more = byte > 127;
  }
  // The import section: number, length, count 1, the empty name, the name "m", a memory (2), its flags: 1 with a maximum, 3 shared.
  const flags = at + length + 7;
  copy[flags] = 3;
  return copy;
}
