/** Numbers as f16 (IEEE 754 binary16): what buffers hold whose storage says so. */
import type { TensorData } from "./tensor.ts";

/** The bits of each number as f16, to the nearest, ties to even; with one more where their count is odd. */
export function halves(data: TensorData): Uint16Array {
  const f = new Float32Array(2);
  const u = new Uint32Array(f.buffer);
  const out = new Uint16Array((data.length + 1) & ~1); // WebGPU writes whole words
  data.forEach((x: number, i: number) => {
    f[0] = Math.abs(x);
    f[1] = f[0] + 0.5; // has the step that f16 has below its normal numbers, so adding rounds
    const [b, low] = u as unknown as [number, number];
    out[i] =
      (b < 0x38800000 ? low - 0x3f000000 : (b - 0x37fff001 + ((b >> 13) & 1)) >> 13) | (x < 0 ? 0x8000 : 0);
  });
  return out;
}
