/** Runs a section's model on the page's device: compiled here, executed by Weft's runtime. */
import { compile } from "../../../compiler/compile.ts";
import type { Program } from "../../../contract/program.ts";
import type { Weights } from "../../../contract/weights.ts";
import { load, type Session } from "../../../runtime/index.ts";
import type { Studio } from "../../tab.ts";
import type { Recipe } from "./models.ts";

export interface Job {
  readonly recipe: Recipe;
  readonly inputs: Readonly<Record<string, Float32Array>>;
  readonly weights?: Weights;
}

export interface Answer {
  readonly program: Program;
  /** By the outputs' names, row-major. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

export interface Runner {
  /** The newest job wins: one that was asked for meanwhile and is outdated is not run. */
  ask(job: Job): void;
  end(): void;
}

interface Loaded {
  readonly key: string;
  readonly session: Session;
}

/** `fail` is given what went wrong: a `UserError` of the model, a `WeftError` of the device. */
export function runner(studio: Studio, answer: (a: Answer) => void, fail: (error: unknown) => void): Runner {
  let waiting: Job | undefined;
  let busy = false;
  let ended = false;
  let loaded: Loaded | undefined;

  const drop = (): void => {
    loaded?.session.destroy();
    loaded = undefined;
  };
  /** A session is kept while neither the model nor its weights change. */
  const sessionFor = async ({ recipe, weights }: Job): Promise<Session> => {
    const device = await studio.device();
    const target = studio.target.value;
    const values = Object.values(weights ?? {}).map((w) => Array.from(w.data));
    const key = JSON.stringify([recipe.source, target, values]);
    if (loaded?.key === key) return loaded.session;
    const { program } = compile(recipe.graph(), { target });
    drop();
    const session = await load(program, { device, ...(weights && { weights }) });
    loaded = { key, session };
    return session;
  };
  const run = async (job: Job): Promise<Answer> => {
    recipeFits(job);
    const session = await sessionFor(job);
    const outputs = await session.run(job.inputs);
    const entries = Object.entries(outputs);
    return {
      program: session.program,
      outputs: Object.fromEntries(entries.map(([name, { data }]) => [name, Array.from(data)])),
      shapes: Object.fromEntries(entries.map(([name, { shape }]) => [name, shape])),
    };
  };
  const pump = async (): Promise<void> => {
    busy = true;
    for (let job = waiting; job && !ended; job = waiting) {
      waiting = undefined;
      try {
        const result = await run(job).catch((error: unknown) => {
          if (!isLost(error)) throw error;
          drop();
          return run(job); // once more, on the device that `studio.device()` opens anew
        });
        if (!waiting && !ended) answer(result);
      } catch (error) {
        if (!waiting && !ended) fail(error);
      }
    }
    busy = false;
    if (ended) drop();
  };
  return {
    ask(job) {
      waiting = job;
      if (!busy && !ended) pump();
    },
    end() {
      ended = true;
      if (!busy) drop();
    },
  };
}

/** A mistake in the sizes is told even where there is no device. Throws `UserError`. */
function recipeFits({ recipe }: Job): void {
  recipe.graph();
}

const isLost = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "device-lost" || error.code === "destroyed");
