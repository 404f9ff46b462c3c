/**
 * Loading as a page wants it: weights from an address with progress, kept for the next visit; kernels counted as they are built;
 * an end on request; a lost device taken anew. An entry of its own: pages that fetch their weights themselves load nothing of it.
 *
 *   const session = await load(program, { weights: { url: "model.safetensors", digest }, onProgress, signal });
 */
import { WeftError } from "../../contract/errors.ts";
import { dispatchesFor, type Program } from "../../contract/program.ts";
import type { Tensor, TensorData } from "../../contract/tensor.ts";
import { readSafetensors, type Weights } from "../../contract/weights.ts";
import { Executable } from "../executable.ts";
import { deviceOf, formOf, type Gpu, openGpu } from "../gpu.ts";
import type { InputValue } from "../inputs.ts";
import { ANYTHING, checkOptions, FUNCTION, LOAD, type LoadOptions, type Rule } from "../options.ts";
import { Session } from "../session.ts";
import { valuesOf } from "../values.ts";
import { fetchBytes, type Loaded, type Source } from "./fetch.ts";

export { WeftError } from "../../contract/errors.ts";
export type { Program } from "../../contract/program.ts";
export type { Tensor } from "../../contract/tensor.ts";
export type { Weights } from "../../contract/weights.ts";
export { type FetchOptions, fetchBytes, type Loaded, type Source } from "./fetch.ts";

/** What `load` is at. Both go on side by side. */
export type Progress =
  | ({ readonly what: "weights" } & Loaded)
  /** Kernels that are built, of so many. */
  | { readonly what: "kernels"; readonly built: number; readonly of: number };

/** Weights, or where they are: a safetensors file, or several that each hold a part of the tensors. */
export type WeightsFrom = LoadOptions["weights"] | string | URL | Source | readonly (string | URL | Source)[];

export interface PageOptions extends Omit<LoadOptions, "weights"> {
  readonly weights?: WeightsFrom;
  readonly onProgress?: (progress: Progress) => void;
  /** Ends loading: `load` rejects with its reason, and what was begun is given up. */
  readonly signal?: AbortSignal;
  /** Which adapter the browser is asked for: `{ powerPreference: "low-power" }`. */
  readonly adapter?: GPURequestAdapterOptions;
  /** A device was lost, and another one taken: what it says of the loss. Runs that were under way are carried out again. */
  readonly onLost?: (lost: WeftError) => void;
}

const SIGNAL: Rule = ["an AbortSignal", (value) => typeof Object(value).throwIfAborted === "function"];
const RULES = {
  ...LOAD,
  weights: ANYTHING,
  onProgress: FUNCTION,
  signal: SIGNAL,
  adapter: ["an object of requestAdapter's options", (value) => Object(value) === value] satisfies Rule,
  onLost: FUNCTION,
};

/** How often a device is taken anew for one run. */
const ANEW = 3;

/**
 * As `load` of weftgpu/runtime. Kernels are built while weights are fetched. Without a `device` of its own, a session whose device is
 * lost takes another one, and repeats what was not done.
 *
 * Throws `WeftError`: "input" (of the options), "program", "weights", "no-device", "gpu", "out-of-memory", "device-lost"; and what
 * `signal` was aborted with.
 */
export async function load<
  Inputs extends object = Record<string, InputValue>,
  Outputs extends object = Record<string, Tensor>,
>(program: Program, options: PageOptions = {}): Promise<Session<Inputs, Outputs>> {
  checkOptions("load", options, RULES);
  const { weights, device, seed = 0, signal, onProgress, adapter, onLost } = options;
  if (program?.format !== "weft-program" || program.version !== 1)
    throw new WeftError("program", "no Weft program, or not for weftgpu/page");
  signal?.throwIfAborted();
  /** Ends what is under way: on request, or when a part of it has failed. */
  const work = new AbortController();
  /** From then on the request is nothing to the session. */
  const loaded = new AbortController();
  signal?.addEventListener("abort", () => work.abort(signal.reason), { signal: loaded.signal });
  const build = async (wanted: LoadOptions["device"]): Promise<Executable> => {
    const gpu = await openGpu(await adapterDevice(wanted, adapter), program);
    const end = (): void => gpu.close(new WeftError("destroyed", `${program.name}: it was not loaded`));
    if (work.signal.aborted) end();
    work.signal.addEventListener("abort", end);
    if (onProgress) counting(gpu, program, onProgress);
    return Executable.open(gpu, program);
  };
  try {
    const told = (some: Loaded): void => onProgress?.({ what: "weights", ...some });
    const both = Promise.all([weightsFrom(weights, work.signal, told), build(device)]);
    const [found, executable] = await both;
    let ready: Executable | undefined = executable;
    const values = valuesOf(program, found, seed);
    const session = new PageSession<Inputs, Outputs>(program, values, {
      ...(typeof device !== "object" && { lost: onLost ?? (() => {}) }),
      open(wanted) {
        const mine = ready;
        ready = undefined;
        return mine ? Promise.resolve(mine) : build(wanted ?? device);
      },
    });
    await session.reload(device);
    signal?.throwIfAborted();
    return session;
  } catch (error) {
    work.abort(error);
    signal?.throwIfAborted(); // its reason, whatever it led to
    throw error;
  } finally {
    loaded.abort();
  }
}

/** Tells of each kernel that is built of those that a batch of 1 takes. */
function counting(gpu: Gpu, given: Program, told: (progress: Progress) => void): void {
  const program = formOf(gpu, given);
  const of = new Set([...program.prepare, ...dispatchesFor(program, 1)].map((d) => d.kernel)).size;
  let built = 0;
  const pipeline = gpu.pipeline.bind(gpu);
  gpu.pipeline = async (...given) => {
    const made = await pipeline(...given);
    if (built < of) told({ what: "kernels", built: ++built, of });
    return made;
  };
}

/** A device of the adapter that was asked for; what was given where none was, or there is none like that. */
async function adapterDevice(
  wanted: LoadOptions["device"],
  options: GPURequestAdapterOptions | undefined,
): Promise<LoadOptions["device"]> {
  if (!options || typeof wanted === "object" || wanted === "wasm") return wanted;
  const adapter = await globalThis.navigator?.gpu?.requestAdapter(options);
  return adapter ? deviceOf(adapter) : wanted;
}

/** What a session of a page does in its own way. */
interface Ways {
  readonly open: (wanted: LoadOptions["device"]) => Promise<Executable>;
  /** Absent: what is lost is an error. */
  readonly lost?: (error: WeftError) => void;
}

/** A session that takes another device when its own is lost. */
class PageSession<Inputs extends object, Outputs extends object> extends Session<Inputs, Outputs> {
  readonly #ways: Ways;
  /** Another device is being taken: by the first run that needs it, for all. */
  #anew: Promise<void> | undefined;

  constructor(program: Program, values: readonly TensorData[], ways: Ways) {
    super(program, values);
    this.#ways = ways;
  }

  override async run(inputs: Inputs, ...words: readonly number[]): Promise<Outputs> {
    const { lost } = this.#ways;
    for (let tries = 0; ; tries++) {
      try {
        await this.#anew;
        return await super.run(inputs, ...words);
      } catch (error) {
        if (!lost || !(error instanceof WeftError) || error.code !== "device-lost" || tries === ANEW)
          throw error;
        this.#anew ??= this.#take(() => lost(error));
      }
    }
  }

  protected override open(_: Program, device: LoadOptions["device"]): Promise<Executable> {
    return this.#ways.open(device);
  }

  async #take(told: () => void): Promise<void> {
    try {
      told();
      await this.reload();
    } finally {
      this.#anew = undefined;
    }
  }
}

const isSource = (value: unknown): value is string | URL | Source =>
  typeof value === "string" ||
  value instanceof URL ||
  typeof Object(value).url === "string" ||
  Object(value).url instanceof URL;

/** All files at once, in one count. */
async function weightsFrom(
  given: WeightsFrom,
  signal: AbortSignal,
  told: (loaded: Loaded) => void,
): Promise<LoadOptions["weights"]> {
  const list = Array.isArray(given) ? given : isSource(given) ? [given] : undefined;
  if (!list) return given as LoadOptions["weights"]; // none of the others are left; `valuesOf` looks at them
  const wrong = list.find((each) => !isSource(each));
  if (wrong !== undefined || list.length === 0)
    throw new WeftError(
      "weights",
      "weights: a list of files holds addresses, or { url, digest }, one at least",
    );
  const each: Loaded[] = list.map(() => ({ bytes: 0, of: undefined, cached: false }));
  const files = await Promise.all(
    (list as readonly (string | URL | Source)[]).map((one, i) =>
      fetchBytes(typeof one === "string" || one instanceof URL ? { url: one } : one, {
        signal,
        onProgress(loaded) {
          each[i] = loaded;
          told(total(each));
        },
      }),
    ),
  );
  return files.length === 1 ? files[0] : merged(files.map((bytes) => readSafetensors(bytes)));
}

const total = (each: readonly Loaded[]): Loaded => ({
  bytes: each.reduce((sum, l) => sum + l.bytes, 0),
  of: each.reduce<number | undefined>(
    (sum, l) => (sum === undefined || l.of === undefined ? undefined : sum + l.of),
    0,
  ),
  cached: each.every((l) => l.cached),
});

/** Throws `WeftError` "weights" where two files hold a tensor of one name. */
function merged(files: readonly Weights[]): Weights {
  const all: Record<string, Tensor> = Object.create(null);
  for (const file of files)
    for (const [name, tensor] of Object.entries(file)) {
      if (name in all) throw new WeftError("weights", `weights: two files hold "${name}"`);
      all[name] = tensor;
    }
  return all;
}
