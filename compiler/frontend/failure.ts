/** What a model file threw, as one message that says where: no stack trace, no name of Weft's own making. */
import type { Diagnosis } from "../../contract/diagnosis.ts";
import { shortName } from "../dsl/names.ts";
import { UserError } from "../errors.ts";
import { ops } from "../ops/index.ts";
import { place, type Show, sitesOf } from "./annotate.ts";
import type { EarlyUse } from "./early.ts";
import { excerpt } from "./excerpt.ts";
import type { ModelThrew } from "./run.ts";
import type { SiteReader } from "./site.ts";

export function locatedError(
  { thrown, reader }: Pick<ModelThrew, "thrown" | "reader">,
  sites: SiteReader,
  shown: string,
  show: Show,
): UserError {
  const trace = traceOf(thrown);
  const at = place(trace, reader, show);
  const frame = reader.frames(trace)[0];
  const early = frame && mayBeEarly(thrown) ? sites.usedEarly(frame) : undefined;
  if (frame && early)
    return new UserError({ ...earlyUse(early), at: { ...early.at, file: show(frame.file) } });
  if (thrown instanceof UserError) {
    const layer = layerName(thrown.diagnosis.layer, sitesOf(trace, reader, sites));
    const { layer: _, ...rest } = thrown.diagnosis;
    return new UserError({ ...(at ? { at } : {}), ...(layer ? { layer } : {}), ...rest });
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : thrownText(thrown);
  if (!at || !frame) return new UserError({ problem: `${shown} throws ${message}` });
  const mark = excerpt(reader.sources.get(frame.file) ?? "", frame.line, frame.column);
  return new UserError({ problem: `the model file throws ${message}${mark}`, at });
}

function thrownText(thrown: unknown): string {
  if (typeof thrown !== "object" && typeof thrown !== "string") return String(thrown);
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return String(thrown); // a circular object
  }
}

function traceOf(thrown: unknown): string {
  if (thrown instanceof Error && "trace" in thrown && typeof thrown.trace === "string") return thrown.trace;
  return thrown instanceof Error ? (thrown.stack ?? "") : "";
}

/** Whether a variable may have been read too early. An engine tells that from an unknown name in its message alone. */
function mayBeEarly(thrown: unknown): boolean {
  if (thrown instanceof ReferenceError) return thrown.message.includes("before initialization");
  return thrown instanceof UserError && thrown.diagnosis.early === true;
}

function earlyUse({ name, line, holder, cycle }: EarlyUse): Diagnosis {
  const layer = holder === undefined ? {} : { layer: holder };
  if (cycle) {
    return {
      ...layer,
      problem: `"${name}" is used here, but it is made from this layer: ${cycle.join(" → ")}`,
      rule: "a model has no cycles: each layer is made from layers above it",
    };
  }
  return {
    ...layer,
    problem: `"${name}" is used here, but it is made later, on line ${line}`,
    rule: "each layer is made from layers above it",
    fix: `moving "${name}" up`,
  };
}

const opNames = Object.keys(ops).toSorted((a, b) => b.length - a.length);

/** The layer's name in the file in place of the one Weft counted: `conv2d2` is `conv2` unless a variable holds it. */
function layerName(given: string | undefined, sites: ReturnType<typeof sitesOf>): string | undefined {
  const call = sites.at(-1);
  if (given === undefined) {
    if (call?.holder === undefined || call.callee === "model") return undefined;
    return layerName(call.callee, sites);
  }
  const op = opNames.find((name) => given.startsWith(name) && /^\d*$/.test(given.slice(name.length)));
  const own = op ?? given;
  const parts = sites.map((site, i) => {
    const last = i === sites.length - 1;
    if (site.holder === undefined)
      return last ? `${shortName(own)}${op ? given.slice(op.length) : ""}` : site.callee;
    return site.direct ? site.holder : `${site.holder}/${last ? own : site.callee}`;
  });
  return parts.length > 0 ? parts.join("/") : given;
}
