/** Looks for the first value of a run that is not finite. Costs nothing unless it is asked for: no session holds it. */
import { type Dispatch, dispatchesFor, type Program, type Shader } from "../contract/program.ts";
import type { TensorData } from "../contract/tensor.ts";
import { Executable } from "./executable.ts";
import { openGpu } from "./gpu.ts";
import { checkInputs, type InputValue } from "./inputs.ts";
import { checkOptions, LOAD, type LoadOptions } from "./options.ts";
import { trace, type Unfit, unfit, type Written } from "./trace.ts";
import { valuesOf } from "./values.ts";

/** Where values left the finite numbers. */
export interface NonFinite {
  /** The input that held them already, or the kernel that made them of finite ones. */
  readonly in: "input" | "kernel";
  /** Of the input or the kernel. */
  readonly name: string;
  /** The layers that the kernel computes; none of an input. What is stored of them was looked at. */
  readonly layers: readonly string[];
  /** Of `Program.buffers`, the one that holds them; absent of an input. */
  readonly buffer?: number;
  /** How many values are NaN or infinite. */
  readonly count: number;
  /** The first of them: NaN, ∞ or −∞. */
  readonly value: number;
}

/** What the checked run may be given. */
export type CheckOptions = LoadOptions;

/** The same of f16 bits: NaN and infinity have the largest exponent. */
function unfitHalves(bits: Uint16Array): Unfit | undefined {
  const found = bits.filter((b) => (b & 0x7c00) === 0x7c00);
  const [first] = found;
  if (first === undefined) return undefined;
  const value = first & 0x3ff ? Number.NaN : first & 0x8000 ? -Infinity : Infinity;
  return { count: found.length, value };
}

const look = (data: ArrayBuffer, { storage }: Written): Unfit | undefined =>
  storage ? unfitHalves(new Uint16Array(data)) : unfit(new Float32Array(data));

/**
 * Carries out one run kernel by kernel, reading back what each has written, and says where the first value that is NaN
 * or infinite came from; undefined where every value is finite. Some adapters turn NaN into numbers within a kernel:
 * what never leaves a kernel is not seen.
 *
 * Throws `WeftError`: "weights", "input", "no-device", "gpu", "out-of-memory", "device-lost". `words` are for weftgpu/sized.
 */
export async function checkFinite(
  program: Program,
  inputs: Readonly<Record<string, InputValue>>,
  options: CheckOptions = {},
  ...words: readonly number[]
): Promise<NonFinite | undefined> {
  checkOptions("checkFinite", options, LOAD);
  const { weights, device, seed = 0 } = options;
  const values = valuesOf(program, weights, seed);
  const { batch, data } = checkInputs(program, inputs);
  for (const [i, { name }] of program.inputs.entries()) {
    const found = unfit(data[i] as TensorData); // one for each input
    if (found) return { in: "input", name, layers: [], ...found };
  }
  const gpu = await openGpu(device, program);
  try {
    return await checkRun(await Executable.open(gpu, program), values, batch, (executable) =>
      executable.feed(batch, data, ...words),
    );
  } finally {
    if (typeof device !== "object") gpu.device.destroy();
  }
}

async function checkRun(
  executable: Executable,
  values: readonly TensorData[],
  batch: number,
  feed: (executable: Executable) => void,
): Promise<NonFinite | undefined> {
  const { params, prepare, kernels, name } = executable.program;
  const dispatches = dispatchesFor(executable.program, batch);
  try {
    await executable.build(batch);
    await executable.gpu.scoped(`${name}, batch of ${batch}`, () => {
      executable.fill(params, values);
      feed(executable);
    });
    const all = [...prepare, ...dispatches];
    const found = await trace(executable, all, batch, look);
    if (!found) return undefined;
    const { dispatch, buffer, count, value } = found;
    const { kernel, layers } = all[dispatch] as Dispatch; // its position
    return { in: "kernel", name: (kernels[kernel] as Shader).name, layers, buffer, count, value };
  } finally {
    executable.destroy();
  }
}
