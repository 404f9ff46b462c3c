/** The same computations as plain loops in float64: what every kernel is checked against. */

/** c[m, n] = Σ_k a[m, k] · b[k, n] */
export function matmul(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) {
      const value = a[i * k + l] ?? 0;
      for (let j = 0; j < n; j++) c[i * n + j] = (c[i * n + j] ?? 0) + value * (b[l * n + j] ?? 0);
    }
  return c;
}

/** A convolution of `batch` square pictures. Groups are 1, or as many as channels (then outputs = inputs). */
export interface ConvShape {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width. */
  readonly size: number;
  readonly kernel: number;
  readonly padding: number;
  readonly stride: number;
  readonly depthwise: boolean;
}

export function outputSize({ size, kernel, padding, stride }: ConvShape): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

export function multiplyAdds(shape: ConvShape): number {
  const { batch, inputs, outputs, kernel, depthwise } = shape;
  return batch * outputs * outputSize(shape) ** 2 * (depthwise ? 1 : inputs) * kernel ** 2;
}

/** Weights are [outputs, inputs (1 if depthwise), kernel, kernel]. */
export function convolution(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  shape: ConvShape,
): Float64Array {
  const { batch, inputs, outputs, size, kernel, padding, stride, depthwise } = shape;
  const out = outputSize(shape);
  const channels = depthwise ? 1 : inputs;
  const y = new Float64Array(batch * outputs * out * out);
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++) {
      const plane = (n * outputs + o) * out * out;
      if (bias) y.fill(bias[o] ?? 0, plane, plane + out * out);
      for (let c = 0; c < channels; c++)
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const [dy, dx] = [Math.floor(tap / kernel) - padding, (tap % kernel) - padding];
          const w = weight[(o * channels + c) * kernel * kernel + tap] ?? 0;
          const from = (n * inputs + (depthwise ? o : c)) * size * size;
          addShifted(y, plane, out, x, from, size, { dy, dx, stride, w });
        }
    }
  return y;
}

interface Shift {
  readonly dy: number;
  readonly dx: number;
  readonly stride: number;
  readonly w: number;
}

function addShifted(
  y: Float64Array,
  plane: number,
  out: number,
  x: Float32Array,
  from: number,
  size: number,
  { dy, dx, stride, w }: Shift,
): void {
  for (let i = 0; i < out; i++) {
    const row = i * stride + dy;
    if (row < 0 || row >= size) continue;
    for (let j = 0; j < out; j++) {
      const column = j * stride + dx;
      if (column < 0 || column >= size) continue;
      const at = plane + i * out + j;
      y[at] = (y[at] ?? 0) + w * (x[from + row * size + column] ?? 0);
    }
  }
}

/** The mean over 2×2 windows of sigmoid(y); `y` holds planes of size × size. */
export function sigmoidPool(y: Float64Array, size: number): Float64Array {
  const half = size / 2;
  const sigmoid = (i: number): number => 1 / (1 + Math.exp(-(y[i] ?? 0)));
  return Float64Array.from({ length: y.length / 4 }, (_, i) => {
    const [plane, row, column] = [Math.floor(i / half ** 2), Math.floor(i / half) % half, i % half];
    const at = plane * size * size + row * 2 * size + column * 2;
    return (sigmoid(at) + sigmoid(at + 1) + sigmoid(at + size) + sigmoid(at + size + 1)) / 4;
  });
}
