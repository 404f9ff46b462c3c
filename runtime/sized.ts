/**
 * Sessions of programs that have sizes besides N, made by `dim`. An entry of its own: pages whose models have none load
 * nothing of it.
 *
 *   const session = await load(program, { weights });
 *   const { scores } = await session.run({ tokens: { shape: [3, 17, 64], data } });
 */
import { WeftError } from "../contract/errors.ts";
import type { Program, Signature } from "../contract/program.ts";
import { showShape } from "../contract/shapes.ts";
import { boundsOf, resized, type SizeValues, shapeWith, wordsOf } from "../contract/sizes.ts";
import { dtypeOf, kindOf, sizeOf, type Tensor, type TensorData } from "../contract/tensor.ts";
import {
  type CheckOptions,
  checkFinite as checkPlain,
  type LoadOptions,
  load as loadPlain,
  type NonFinite,
  type Session,
} from "./index.ts";

/** What is left of a session: runs of any sizes. */
export interface SizedSession {
  readonly program: Program;
  /** As `Session.run`, with inputs as tensors, whose shapes say what each size is. Outputs have no more than that. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  reload(device?: GPUDevice): Promise<void>;
  destroy(): void;
}

/** As `load` of weftgpu/runtime, which takes programs without such sizes alone. */
export async function load(program: Program, options: LoadOptions = {}): Promise<SizedSession> {
  const session = await loadPlain(atMost(program), options);
  return {
    program,
    run: (inputs) => runSized(session, program, inputs),
    reload: (device) => session.reload(device),
    destroy: () => session.destroy(),
  };
}

/** As `checkFinite` of weftgpu/runtime, with inputs as those of a run. */
export async function checkFinite(
  program: Program,
  inputs: Readonly<Record<string, Tensor>>,
  options: CheckOptions = {},
): Promise<NonFinite | undefined> {
  const { spread, words } = spreadOut(program, inputs);
  return checkPlain(atMost(program), spread, options, ...words);
}

/** The program as it lies in memory: each size at its bound. */
function atMost(program: Program): Program {
  const bounds = boundsOf(program);
  const all = ({ shape, ...rest }: Signature): Signature => ({
    ...rest,
    shape: shape.map((d) => bounds[d] ?? d),
  });
  return program.sizes
    ? { ...program, version: 1, inputs: program.inputs.map(all), outputs: program.outputs.map(all) }
    : program;
}

/** Inputs over the room that buffers have for them, and what says how much of it they take. */
function spreadOut(
  program: Program,
  given: Readonly<Record<string, Tensor>>,
): {
  readonly sizes: SizeValues;
  readonly spread: Readonly<Record<string, Tensor>>;
  readonly words: readonly number[];
} {
  const bounds = boundsOf(program);
  const sizes = sizesOf(program, given);
  const spread = Object.entries(given).map(([name, tensor]): [string, Tensor] => {
    const input = program.inputs.find((i) => i.name === name);
    if (!input?.shape.some((d) => Object.hasOwn(bounds, d))) return [name, tensor];
    const { shape, data } = tensor;
    const room = shapeWith(input.shape, shape[0] as number, bounds);
    return [name, { shape: room, data: resized(data, shape, shape, room) }];
  });
  return { sizes, spread: Object.fromEntries(spread), words: wordsOf(program, sizes) };
}

/** Outputs are what was computed of the room that they have. */
async function runSized(
  session: Session,
  program: Program,
  given: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const { sizes, spread, words } = spreadOut(program, given);
  const results = await session.run(spread, ...words);
  return Object.fromEntries(
    program.outputs.map(({ name, shape }): [string, Tensor] => {
      const { shape: room, data } = results[name] as Tensor; // one for each
      const own = shapeWith(shape, room[0] as number, sizes);
      return [name, { shape: own, data: resized<TensorData>(data, own, room, own) }];
    }),
  );
}

/** What each size is. Throws `WeftError` "input" where an input's shape or length does not fit, or inputs disagree. */
function sizesOf(program: Program, given: Readonly<Record<string, Tensor>>): SizeValues {
  const bounds = boundsOf(program);
  const sizes: Record<string, number> = {};
  for (const { name, shape } of program.inputs) {
    const fail = (problem: string): never => {
      throw new WeftError("input", `${program.name}: input "${name}" ${problem}`);
    };
    const open = shape.filter((d): d is string => Object.hasOwn(bounds, d));
    const value: Partial<Tensor> | undefined = given?.[name];
    if (open.length === 0 || value === undefined) continue;
    const { shape: says, data } = value;
    if (!Array.isArray(says) || !dtypeOf(data))
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
    if (data?.length !== sizeOf(says)) fail(`has shape ${showShape(says)} and length ${data?.length}`);
    shape.forEach((d, i) => {
      if (!Object.hasOwn(bounds, d)) return;
      const n = says[i] as number; // as checked
      sizes[d] ??= n;
      if (sizes[d] !== n) fail(`has ${n} for ${d}, but an input before it ${sizes[d]}`);
    });
  }
  return sizes;
}
