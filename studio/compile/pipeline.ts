/** From the project's files to a compiled model: TypeScript in one worker, the user's code and the compiler in another. */
import type { Compilation, TargetName } from "../../compiler/compile.ts";
import { isModel } from "../../compiler/dsl/model.ts";
import { UserError } from "../../compiler/errors.ts";
import type { OpDef } from "../../compiler/ir/graph.ts";
import { customOps } from "./customOps.ts";
import { evaluate } from "./evaluate.ts";
import type { LanguageCalls, ModelCalls, Module } from "./protocol.ts";
import { type Remote, remote, Stopped } from "./rpc.ts";
import { needsUsersOps, unpack } from "./transfer.ts";
import type { ModelView } from "./view.ts";

export interface Compiled {
  readonly compilation: Compilation;
  readonly view: ModelView;
}

export interface Pipeline {
  readonly language: Remote<LanguageCalls>;
  /**
   * Compiles the files that the language worker has. A call ends the one before it, which then gives null. Throws
   * `UserError`.
   */
  compile(entry: string, target: TargetName): Promise<Compiled | null>;
}

/** Milliseconds that a model file may run: building a graph takes a few. */
const limit = 3000;

export function pipeline(): Pipeline {
  const language = remote<LanguageCalls>("language.js");
  let worker = remote<ModelCalls>("model.js");
  let busy = false;
  let last = 0;

  /** Ends what the worker does, which cannot be asked to: an endless loop does not listen. */
  const restart = (): void => {
    worker.stop();
    worker = remote<ModelCalls>("model.js");
  };

  const run = async (entry: string, target: TargetName): Promise<Compiled> => {
    const modules = await language.call("modules", entry);
    const evaluated = await withinLimit(worker.call("evaluate", modules), entry);
    const places = await language.call("places", evaluated.frames, evaluated.early);
    const { compilation, view } = await worker.call("compile", entry, places, target);
    const users = needsUsersOps(compilation) ? await usersOps(modules) : [];
    return { compilation: unpack(compilation, users), view };
  };

  const withinLimit = async <T>(work: Promise<T>, entry: string): Promise<T> => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      restart();
    }, limit);
    try {
      return await work;
    } catch (error) {
      if (!late) throw error;
      throw new UserError({
        problem: `${entry} did not end within ${limit / 1000} seconds`,
        rule: "a model file describes a graph, which takes milliseconds: there may be an endless loop",
      });
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    language,
    async compile(entry, target) {
      const own = ++last;
      if (busy) restart();
      busy = true;
      try {
        const compiled = await run(entry, target);
        return own === last ? compiled : null;
      } catch (error) {
        if (own !== last || error instanceof Stopped) return null;
        throw error;
      } finally {
        if (own === last) busy = false;
      }
    },
  };
}

/** The ops that a model defines are functions, so the page runs its file too, which has ended in the worker in time. */
async function usersOps(modules: readonly Module[]): Promise<readonly OpDef[]> {
  const { exports } = await evaluate(modules);
  const model = exports["default"];
  return isModel(model) ? customOps(model.graph) : [];
}
