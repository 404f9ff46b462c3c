/** What runs and data sets of programs with sizes besides N share: what each size is, and tensors as buffers have room. */
import { WeftError } from "../contract/errors.ts";
import type { Program, Signature } from "../contract/program.ts";
import { showShape } from "../contract/shapes.ts";
import { boundsOf, knownSizes, resized, type SizeValues, shapeWith } from "../contract/sizes.ts";
import { kindOf, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";

type Elements = TensorData | Uint8Array | Uint16Array;

/** Elements row by row, and their shape: a tensor, or a part of a data set. */
export interface Shaped<Data extends Elements = Elements> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** The names of its sizes besides N. */
export const openSizes = ({ shape }: Signature, bounds: SizeValues): string[] =>
  shape.filter((d): d is string => Object.hasOwn(bounds, d));

/** The elements, spread over the room that a tensor's buffer has. */
export const spread = <Data extends Elements>(
  signature: Signature,
  { shape, data }: Shaped<Data>,
  bounds: SizeValues,
): Data => resized(data, shape, shape, shapeWith(signature.shape, shape[0] as number, bounds));

/** The program as it lies in memory: each size at its bound. */
export function atMost(program: Program): Program {
  const bounds = boundsOf(program);
  const all = ({ shape, ...rest }: Signature): Signature => ({
    ...rest,
    shape: shape.map((d) => bounds[d] ?? d),
  });
  const { inputs, outputs, wasm } = program;
  return program.version === 2
    ? {
        ...program,
        version: 1,
        inputs: inputs.map(all),
        outputs: outputs.map(all),
        ...(wasm && { wasm: atMost(wasm) }),
      }
    : program;
}

/** What each size is. Throws `WeftError` "input" where an input's shape or length does not fit, or inputs disagree. */
export function sizesOf(program: Program, given: Readonly<Record<string, unknown>>): SizeValues {
  const bounds = boundsOf(program);
  const sizes = knownSizes();
  for (const input of program.inputs) {
    const { name, shape } = input;
    const fail = (problem: string): never => {
      throw new WeftError("input", `${program.name}: input "${name}" ${problem}`);
    };
    const open = openSizes(input, bounds);
    const value = given?.[name];
    if (open.length === 0 || value === undefined) continue;
    const { shape: says, data } = Object(value) as Partial<Tensor>;
    if (!Array.isArray(says) || !ArrayBuffer.isView(data))
      return fail(
        `${showShape(shape)} has to be { shape, data }, which says what ${open[0]} is, got ${kindOf(value)}`,
      );
    const wanted = `the model wants ${showShape(shape)}, ${open.map((d) => `${d} from 1 to ${bounds[d]}`).join(", ")}`;
    const fits = (d: number | string, i: number): boolean => {
      const n: unknown = says[i];
      return (
        Number.isSafeInteger(n) &&
        Number(n) >= 1 &&
        Number(n) <= (d === "N" ? Infinity : (bounds[d] ?? Number(d)))
      );
    };
    const exact = shape.every((d, i) => typeof d === "string" || says[i] === d);
    if (says.length !== shape.length || !shape.every(fits) || !exact)
      fail(`has shape ${showShape(says)}, ${wanted}`);
    if (data.length !== sizeOf(says)) fail(`has shape ${showShape(says)} and length ${data.length}`);
    shape.forEach((d, i) => {
      if (!Object.hasOwn(bounds, d)) return;
      const n = says[i] as number; // as checked
      sizes[d] ??= n;
      if (sizes[d] !== n) fail(`has ${n} for ${d}, but an input before it ${sizes[d]}`);
    });
  }
  return sizes;
}
