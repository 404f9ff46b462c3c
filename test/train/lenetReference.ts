/** A training step of the lecture's LeNet as plain loops in float64: nothing is shared with the compiler. */

/** Parameters, or gradients, in the order of the layers: weight, bias, weight, … */
export type Params = readonly Float64Array[];

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

interface Conv {
  readonly out: number;
  readonly channels: number;
  readonly size: number;
  readonly pad: number;
}
const KERNEL = 5;
const CONVS: readonly [Conv, Conv] = [
  { out: 6, channels: 1, size: 28, pad: 2 },
  { out: 16, channels: 6, size: 14, pad: 0 },
];
const DENSE: readonly (readonly [number, number])[] = [
  [400, 120],
  [120, 84],
  [84, 10],
];

const outSize = ({ size, pad }: Conv): number => size + 2 * pad - KERNEL + 1;

/** Calls `visit(output, input, weight)` for every product of a convolution. */
function eachProduct(conv: Conv, visit: (o: number, i: number, w: number) => void): void {
  const { out, channels, size, pad } = conv;
  const extent = outSize(conv);
  for (let o = 0; o < out; o++)
    for (let y = 0; y < extent; y++)
      for (let x = 0; x < extent; x++)
        for (let c = 0; c < channels; c++)
          for (let ky = 0; ky < KERNEL; ky++)
            for (let kx = 0; kx < KERNEL; kx++) {
              const [iy, ix] = [y + ky - pad, x + kx - pad];
              if (iy < 0 || ix < 0 || iy >= size || ix >= size) continue;
              visit(
                (o * extent + y) * extent + x,
                (c * size + iy) * size + ix,
                ((o * channels + c) * KERNEL + ky) * KERNEL + kx,
              );
            }
}

/** Adds `value(i)` into place `i` of an array. */
const addTo = (array: Float64Array, i: number, value: number): void => {
  array[i] = (array[i] as number) + value;
};
const at = (array: ArrayLike<number>, i: number): number => array[i] as number;

/** The place in the pooled map of a place in a map of this extent. */
const pooledPlace = (i: number, extent: number): number => {
  const [c, y, x] = [Math.floor(i / extent ** 2), Math.floor(i / extent) % extent, i % extent];
  return (c * (extent / 2) + Math.floor(y / 2)) * (extent / 2) + Math.floor(x / 2);
};

/** The loss of one example; its gradients are added to `grads`. */
export function example(params: Params, grads: Params, image: ArrayLike<number>, label: number): number {
  const p = (i: number): Float64Array => params[i] as Float64Array;
  const g = (i: number): Float64Array => grads[i] as Float64Array;
  const inputs: Float64Array[] = [Float64Array.from(image)];
  const active: Float64Array[] = [];
  CONVS.forEach((conv, layer) => {
    const extent = outSize(conv);
    const x = inputs[layer] as Float64Array;
    const z = Float64Array.from({ length: conv.out * extent ** 2 }, (_, i) =>
      at(p(2 * layer + 1), Math.floor(i / extent ** 2)),
    );
    eachProduct(conv, (o, i, w) => addTo(z, o, at(x, i) * at(p(2 * layer), w)));
    const a = z.map(sigmoid);
    active.push(a);
    const pooled = new Float64Array(a.length / 4);
    a.forEach((v, i) => {
      addTo(pooled, pooledPlace(i, extent), v / 4);
    });
    inputs.push(pooled);
  });
  DENSE.forEach(([from, to], k) => {
    const layer = k + 2;
    const x = inputs[layer] as Float64Array;
    const z = Float64Array.from({ length: to }, (_, o) => {
      let sum = at(p(2 * layer + 1), o);
      for (let i = 0; i < from; i++) sum += at(x, i) * at(p(2 * layer), o * from + i);
      return sum;
    });
    inputs.push(k < 2 ? z.map(sigmoid) : z);
  });

  const logits = inputs.at(-1) as Float64Array;
  const most = Math.max(...logits);
  const total = logits.reduce((sum, v) => sum + Math.exp(v - most), 0);
  let error = logits.map((v, c) => Math.exp(v - most) / total - (c === label ? 1 : 0));
  for (let k = 2; k >= 0; k--) {
    const layer = k + 2;
    const [from, to] = DENSE[k] as readonly [number, number];
    const x = inputs[layer] as Float64Array;
    const back = new Float64Array(from);
    for (let o = 0; o < to; o++) {
      addTo(g(2 * layer + 1), o, at(error, o));
      for (let i = 0; i < from; i++) {
        addTo(g(2 * layer), o * from + i, at(error, o) * at(x, i));
        addTo(back, i, at(error, o) * at(p(2 * layer), o * from + i));
      }
    }
    error = k > 0 ? back.map((v, i) => v * at(x, i) * (1 - at(x, i))) : back;
  }
  for (const layer of [1, 0] as const) {
    const conv = CONVS[layer];
    const extent = outSize(conv);
    const pooledError = error;
    const d = (active[layer] as Float64Array).map(
      (a, i) => (at(pooledError, pooledPlace(i, extent)) / 4) * a * (1 - a),
    );
    d.forEach((v, i) => {
      addTo(g(2 * layer + 1), Math.floor(i / extent ** 2), v);
    });
    const x = inputs[layer] as Float64Array;
    const back = new Float64Array(x.length);
    eachProduct(conv, (o, i, w) => {
      addTo(g(2 * layer), w, at(d, o) * at(x, i));
      addTo(back, i, at(d, o) * at(p(2 * layer), w));
    });
    error = back;
  }
  return Math.log(total) - (at(logits, label) - most);
}
