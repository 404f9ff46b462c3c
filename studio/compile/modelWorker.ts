/** The worker in which the user's code runs and is compiled. The page stops it if it takes too long. */
import { compile } from "../../compiler/compile.ts";
import { isModel } from "../../compiler/dsl/model.ts";
import { annotate } from "../../compiler/frontend/annotate.ts";
import { defaultModel } from "../../compiler/frontend/default.ts";
import { locatedError } from "../../compiler/frontend/failure.ts";
import type { Frame } from "../../compiler/frontend/frames.ts";
import type { SiteReader } from "../../compiler/frontend/site.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import type { ModelCalls, Places } from "./protocol.ts";
import { answer } from "./rpc.ts";
import { pack } from "./transfer.ts";
import { viewOf } from "./view.ts";

let last: { readonly evaluation: Evaluation; readonly frames: readonly Frame[] } | undefined;

const keyOf = ({ file, line, column }: Frame): string => `${file}:${line}:${column}`;

/** Call stacks of whatever will be named: the layers, or what was thrown. */
function traces({ exports, threw }: Evaluation): readonly string[] {
  if (threw) return [traceOf(threw.value)];
  const model = exports["default"];
  return isModel(model) ? model.graph.nodes.map((n) => n.origin.trace ?? "") : [];
}

/** As `locatedError` sees it: a mistake in a model carries the stack of its layer. */
function traceOf(thrown: unknown): string {
  if (thrown instanceof Error && "trace" in thrown && typeof thrown.trace === "string") return thrown.trace;
  return thrown instanceof Error ? (thrown.stack ?? "") : "";
}

function siteReader(frames: readonly Frame[], { sites, early }: Places): SiteReader {
  const known = new Map(frames.map((frame, i) => [keyOf(frame), sites[i] ?? undefined]));
  return { site: (frame) => known.get(keyOf(frame)), usedEarly: () => early ?? undefined };
}

const show = (path: string): string => path;

const calls: ModelCalls = {
  async evaluate(modules) {
    const evaluation = await evaluate(modules);
    const found = traces(evaluation).flatMap((trace) => evaluation.reader.frames(trace));
    const frames = [...new Map(found.map((frame) => [keyOf(frame), frame])).values()];
    last = { evaluation, frames };
    return { frames, early: evaluation.threw ? (found[0] ?? null) : null };
  },
  compile(entry, places, target) {
    if (!last) throw new Error("no model file was run");
    const { evaluation, frames } = last;
    const { exports, threw, reader } = evaluation;
    const sites = siteReader(frames, places);
    if (threw) throw locatedError({ thrown: threw.value, reader }, sites, show(entry), show);
    const graph = annotate(defaultModel(exports, show(entry)), reader, sites, show);
    const compilation = compile(graph, { target });
    return { compilation: pack({ ...compilation, modules: [] }, graph), view: viewOf(compilation) };
  },
};

answer(calls);
