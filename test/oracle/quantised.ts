/** What weights are once they were quantised, stated a second time. */
import type { ParamSpec, Program } from "../../contract/program.ts";
import type { Arrays, NdArray } from "./array.ts";

const LEVELS: Readonly<Record<string, number>> = { i8: 127, i4: 7 };

/** The parameters as kernels see them: by runs of 32 elements in the order in which they lie, the nearest of 255 or 15 multiples of a scale. */
export function dequantised({ params }: Program, values: Arrays): Arrays {
  const specs = new Map(params.map((p) => [p.name, p]));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const spec = specs.get(name);
      const levels = LEVELS[spec?.storage ?? ""];
      return [name, spec && levels ? rounded(spec, value, levels) : value];
    }),
  );
}

function rounded({ order }: ParamSpec, { shape, data }: NdArray, levels: number): NdArray {
  // Where each element lies: positions sorted by their coordinates in the order of the axes.
  const axes = order ?? shape.map((_, axis) => axis);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, d) => a * d, 1));
  const coordinate = (i: number, axis: number): number =>
    Math.floor(i / (strides[axis] ?? 1)) % (shape[axis] ?? 1);
  const lying = Array.from(data, (_, i) => i).sort((a, b) => {
    const axis = axes.find((d) => coordinate(a, d) !== coordinate(b, d)) ?? 0;
    return coordinate(a, axis) - coordinate(b, axis);
  });
  const out = Float64Array.from(data);
  for (let from = 0; from < lying.length; from += 32) {
    const block = lying.slice(from, from + 32);
    const sizes = block.map((i) => Math.abs(Math.fround(data[i] ?? 0)));
    const steps = Math.fround(Math.max(...sizes) / levels);
    const scale = steps < 2 ** -126 ? 0 : steps; // no normal number
    for (const i of block) {
      const x = Math.fround(data[i] ?? 0);
      const whole = scale === 0 ? 0 : Math.floor(Math.abs(x) / scale + 0.5);
      out[i] = Math.fround(Math.sign(x) * whole * scale);
    }
  }
  return { shape, data: out };
}
