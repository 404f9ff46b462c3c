/** Whether this platform carries out the modules that Weft compiles, all of which use vectors. */

/** A module with one function () → v128: bytes of the same value (`i8x16.splat`), and the count of the bits of each (`i8x16.popcnt`). */
const PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

/** Why nothing can be computed in WebAssembly here; undefined where it can. */
export function wasmProblem(): string | undefined {
  const { WebAssembly } = globalThis as Partial<typeof globalThis>;
  if (!WebAssembly) return "there is no WebAssembly here";
  if (WebAssembly.validate(PROBE)) return undefined;
  return "WebAssembly has no SIMD here, which Weft's kernels need: Chrome 91, Firefox 89, Safari 16.4, Node 16.4, or later";
}
