/** A loaded program, as its user sees it. */
import type { RunsOn } from "../contract/adapter.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import { ARRAYS, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";
import { shapeAt } from "../contract/type.ts";
import { copyOut, Executable, encodePass, type Submission } from "./executable.ts";
import { openGpu } from "./gpu.ts";
import { type CheckedInputs, checkInputs, type InputValue } from "./inputs.ts";
import type { DeviceKind } from "./options.ts";

/** A program that is ready to run, with its weights on a device. Made by `load`. */
export class Session<
  Inputs extends object = Record<string, InputValue>,
  Outputs extends object = Record<string, Tensor>,
> {
  readonly program: Program;
  /** What it runs on, as of the last load. */
  runsOn: RunsOn | undefined;
  readonly #values: readonly TensorData[];
  #executable: Promise<Executable> | undefined;
  /** The last two. So many may be in flight: one computes while the other is read back. Further ones wait their turn. */
  #runs: readonly (Promise<unknown> | undefined)[] = [];

  /** Use `load`. `values` are the parameters in the program's order. */
  constructor(program: Program, values: readonly TensorData[]) {
    this.program = program;
    this.#values = values;
  }

  /**
   * Computes the outputs. The batch is inferred: the number of examples that each input holds. Calls may overlap
   * and are carried out in order; an input must not change before its call resolves.
   *
   * Throws `WeftError`: "input", "out-of-memory", "gpu", "device-lost", "destroyed". `words` are for weftgpu/sized.
   */
  async run(inputs: Inputs, ...words: readonly number[]): Promise<Outputs> {
    const checked = checkInputs(this.program, inputs as Readonly<Record<string, unknown>>);
    if (!this.#executable)
      throw new WeftError("destroyed", `${this.program.name}: the session was destroyed`);
    const executable = await this.#executable;
    const [before, last] = this.#runs;
    const result = compute(executable, checked, words, before);
    this.#runs = [last, result.catch(() => {})];
    // The compiler wrote Outputs from the same program that names these tensors.
    return result as Promise<Outputs>;
  }

  /**
   * Puts the program and its weights on another device, or, in a page, on a new one: after the device was lost,
   * or to move. Runs that have not finished are rejected.
   */
  async reload(device?: GPUDevice | DeviceKind): Promise<void> {
    this.destroy();
    this.#executable = this.#open(device);
    await this.#executable;
  }

  /** Makes the program ready on a device. */
  protected async open(program: Program, device: GPUDevice | DeviceKind | undefined): Promise<Executable> {
    return Executable.open(await openGpu(device, program), program);
  }

  async #open(device: GPUDevice | DeviceKind | undefined): Promise<Executable> {
    const executable = await this.open(this.program, device);
    const { gpu, program } = executable;
    this.runsOn = gpu.runsOn;
    await gpu.scoped(`${program.name}: parameters`, () => executable.fill(program.params, this.#values));
    return executable;
  }

  /** Frees the GPU's memory now rather than when the session is garbage-collected. `reload` brings it back. */
  destroy(): void {
    const ended = new WeftError("destroyed", `${this.program.name}: the session was destroyed`);
    this.#executable
      ?.then((executable) => {
        executable.gpu.close(ended);
        executable.destroy();
      })
      .catch(() => {});
    this.#executable = undefined;
  }
}

/** After what `before` promises. */
async function compute(
  executable: Executable,
  { batch, data }: CheckedInputs,
  words: readonly number[],
  before: Promise<unknown> | undefined,
): Promise<Record<string, Tensor>> {
  await before;
  const { outputs, name } = executable.program;
  await executable.build(batch);
  const tensors = outputs.map((output) => ({ ...output, shape: shapeAt(output.shape, batch) }));
  const sizes = tensors.map(({ shape }) => 4 * sizeOf(shape));
  const make = (): Submission => {
    const dispatches = executable.feed(batch, data, ...words);
    const buffers = tensors.map(({ buffer }) => executable.buffer(buffer));
    return {
      sizes,
      encode(encoder, staging) {
        encodePass(encoder, dispatches, batch);
        copyOut(encoder, staging, buffers, sizes);
      },
    };
  };
  const parts = await executable.run(`${name}, batch of ${batch}`, make).catch((error) => {
    executable.release();
    throw error;
  });
  const results = tensors.map(({ name, dtype, shape }, i): [string, Tensor] => [
    name,
    { shape, data: new ARRAYS[dtype](parts[i] as ArrayBuffer) }, // one for each
  ]);
  return Object.fromEntries(results);
}
