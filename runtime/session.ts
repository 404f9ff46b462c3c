/** A loaded program, as its user sees it. */
import { WeftError } from "../contract/errors.ts";
import type { Program } from "../contract/program.ts";
import type { Tensor, TensorData } from "../contract/tensor.ts";
import { Engine } from "./engine.ts";
import { openGpu } from "./gpu.ts";
import { checkInputs, type InputValue } from "./inputs.ts";

/** A program that is ready to run, with its weights on a device. Made by `load`. */
export class Session<
  Inputs extends object = Record<string, InputValue>,
  Outputs extends object = Record<string, Tensor>,
> {
  readonly program: Program;
  readonly #values: readonly TensorData[];
  #engine: Promise<Engine> | undefined;

  /** Use `load`. `values` are the parameters in the program's order. */
  constructor(program: Program, values: readonly TensorData[]) {
    this.program = program;
    this.#values = values;
  }

  /**
   * Computes the outputs. The batch is inferred: the number of examples that each input holds. Calls may overlap
   * and are carried out in order; an input must not change before its call resolves.
   *
   * Throws `WeftError`: "input", "out-of-memory", "gpu", "device-lost", "destroyed".
   */
  async run(inputs: Inputs): Promise<Outputs> {
    const batch = checkInputs(this.program, inputs as Readonly<Record<string, unknown>>);
    if (!this.#engine) throw new WeftError("destroyed", `${this.program.name}: the session was destroyed`);
    const engine = await this.#engine;
    // The compiler wrote Outputs from the same program that names these tensors.
    return (await engine.run(batch)) as Outputs;
  }

  /**
   * Puts the program and its weights on another device, or, in a page, on a new one: after the device was lost,
   * or to move. Runs that have not finished are rejected.
   */
  async reload(device?: GPUDevice): Promise<void> {
    this.destroy();
    this.#engine = openGpu(device).then((gpu) => new Engine(gpu, this.program).prepare(this.#values));
    await this.#engine;
  }

  /** Frees the GPU's memory now rather than when the session is garbage-collected. `reload` brings it back. */
  destroy(): void {
    this.#engine?.then((engine) => engine.destroy()).catch(() => {});
    this.#engine = undefined;
  }
}
