/** Runs a bundled model file and hands back its default export. */
import { type Bundle, instanceKey } from "./bundle.ts";
import type { StackReader } from "./frames.ts";
import { stackReader } from "./trace.ts";

/** Deep enough for blocks within blocks within helper functions. */
const stackDepth = 64;

let runs = 0;

export interface RunResult {
  /** The module's exports. */
  readonly exports: Readonly<Record<string, unknown>>;
  readonly reader: StackReader;
}

/** What the model threw, with what is needed to say where. */
export class ModelThrew extends Error {
  readonly thrown: unknown;
  readonly reader: StackReader;
  constructor(thrown: unknown, reader: StackReader) {
    super("the model file threw");
    this.thrown = thrown;
    this.reader = reader;
  }
}

/**
 * Imports the bundle under a name of its own (`sourceURL`), by which its frames are found in call stacks.
 * Throws `ModelThrew` with whatever the model file threw.
 */
export function runBundle(bundle: Bundle, weft: object): Promise<RunResult> {
  // One at a time: the depth of stacks is a setting of the whole process.
  const result = turn.then(() => runAlone(bundle, weft));
  turn = result.catch(() => undefined);
  return result;
}

let turn: Promise<unknown> = Promise.resolve();

async function runAlone(bundle: Bundle, weft: object): Promise<RunResult> {
  const script = `weft-model-${++runs}.mjs`;
  const code = `${bundle.code}\n//# sourceURL=${script}`;
  const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  // Who formats stacks itself shows the address instead of the source's name: vitest all of it, Deno 20 characters of
  // its end, which hold the number.
  const reader = stackReader(bundle, [script, url.slice(-20)]);
  const depth = Error.stackTraceLimit;
  Object.assign(globalThis, { [instanceKey]: weft });
  Error.stackTraceLimit = stackDepth;
  try {
    const loaded: { readonly model: RunResult["exports"] } = await import(/* @vite-ignore */ url);
    return { exports: loaded.model, reader };
  } catch (thrown) {
    throw new ModelThrew(thrown, reader);
  } finally {
    Error.stackTraceLimit = depth;
    Reflect.deleteProperty(globalThis, instanceKey);
  }
}
