/**
 * Sessions of programs that have sizes besides N, made by `dim`, or read where whole numbers say, which are looked at. An entry
 * of its own: pages whose models have neither load nothing of it.
 *
 *   const session = await load(program, { weights });
 *   const { scores } = await session.run({ tokens: { shape: [3, 17, 64], data } });
 */
import type { Program } from "../contract/program.ts";
import { boundsOf, resized, type SizeValues, shapeWith, wordsOf } from "../contract/sizes.ts";
import type { Tensor, TensorData } from "../contract/tensor.ts";
import {
  type CheckOptions,
  checkFinite as checkPlain,
  type InputValue,
  type LoadOptions,
  load as loadPlain,
  type NonFinite,
  type Session,
} from "./index.ts";
import { checkIndices } from "./indices.ts";
import { atMost, openSizes, sizesOf, spread } from "./sizes.ts";

/** What is left of a session: runs of any sizes. */
export interface SizedSession {
  readonly program: Program;
  /** As `Session.runsOn`. */
  readonly runsOn: Session["runsOn"];
  /**
   * As `Session.run`, with inputs that have sizes as tensors, whose shapes say what each is. Outputs have no more than that.
   * Throws `WeftError` "input" also for whole numbers that say where to read and are not there.
   */
  run(inputs: Readonly<Record<string, InputValue>>): Promise<Record<string, Tensor>>;
  /** As `Session.reload`: puts the program and its weights on another device. */
  reload(device?: LoadOptions["device"]): Promise<void>;
  /** As `Session.destroy`: frees the GPU's memory now. */
  destroy(): void;
}

/** As `load` of weftgpu/runtime, which takes programs without such sizes alone and does not look at indices. */
export async function load(program: Program, options: LoadOptions = {}): Promise<SizedSession> {
  const session = await loadPlain(atMost(program), options);
  return {
    program,
    get runsOn() {
      return session.runsOn;
    },
    run: (inputs) => runSized(session, program, inputs),
    reload: (device) => session.reload(device),
    destroy: () => session.destroy(),
  };
}

/** As `checkFinite` of weftgpu/runtime, with inputs as those of a run. */
export async function checkFinite(
  program: Program,
  inputs: Readonly<Record<string, InputValue>>,
  options: CheckOptions = {},
): Promise<NonFinite | undefined> {
  const { inputs: all, words } = spreadOut(program, inputs);
  return checkPlain(atMost(program), all, options, ...words);
}

/** Inputs over the room that buffers have for them, and what says how much of it they take. */
function spreadOut(
  program: Program,
  given: Readonly<Record<string, InputValue>>,
): {
  readonly sizes: SizeValues;
  readonly inputs: Readonly<Record<string, InputValue>>;
  readonly words: readonly number[];
} {
  const bounds = boundsOf(program);
  const sizes = sizesOf(program, given);
  checkIndices(program, given, sizes);
  const all = Object.entries(given).map(([name, tensor]): [string, InputValue] => {
    const input = program.inputs.find((i) => i.name === name);
    return [
      name,
      input && openSizes(input, bounds).length > 0 ? spread(input, tensor as Tensor, bounds) : tensor,
    ]; // as checked
  });
  return { sizes, inputs: Object.fromEntries(all), words: wordsOf(program, sizes) };
}

/** Outputs are what was computed of the room that they have. */
async function runSized(
  session: Session,
  program: Program,
  given: Readonly<Record<string, InputValue>>,
): Promise<Record<string, Tensor>> {
  const { sizes, inputs, words } = spreadOut(program, given);
  const results = await session.run(inputs, ...words);
  return Object.fromEntries(
    program.outputs.map(({ name, shape }): [string, Tensor] => {
      const { shape: room, data } = results[name] as Tensor; // one for each
      const own = shapeWith(shape, room[0] as number, sizes);
      return [name, { shape: own, data: resized<TensorData>(data, own, room, own) }];
    }),
  );
}
