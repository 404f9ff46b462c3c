/** What a model file threw, as one message that says where: no stack trace, no name of Weft's own making. */
import { type Diagnosis, UserError } from "../errors.ts";
import { ops } from "../ops/index.ts";
import { place, type Show, sitesOf } from "./annotate.ts";
import type { EarlyUse } from "./early.ts";
import { shortName } from "./names.ts";
import type { ModelThrew } from "./run.ts";
import type { SiteReader } from "./site.ts";
import { excerpt } from "./source.ts";

export function locatedError(
  { thrown, reader }: ModelThrew,
  sites: SiteReader,
  shown: string,
  show: Show,
): UserError {
  const trace = traceOf(thrown);
  const at = place(trace, reader, show);
  const frame = reader.frames(trace)[0];
  const early = frame && sites.usedEarly(frame);
  if (thrown instanceof UserError) {
    const layer = layerName(thrown.diagnosis.layer, sitesOf(trace, reader, sites));
    const { layer: _, ...rest } = thrown.diagnosis;
    const told: Diagnosis = early && /operand \d+ is undefined/.test(rest.problem) ? earlyUse(early) : rest;
    return new UserError({ ...(at ? { at } : {}), ...(layer ? { layer } : {}), ...told });
  }
  if (thrown instanceof ReferenceError && early)
    return new UserError({ ...earlyUse(early), ...(at ? { at } : {}) });
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  if (!at || !frame) return new UserError({ problem: `${shown} throws ${message}` });
  const mark = excerpt(reader.sources.get(frame.file) ?? "", frame.line, frame.column);
  return new UserError({ problem: `the model file throws ${message}${mark}`, at });
}

function traceOf(thrown: unknown): string {
  if (thrown instanceof Error && "trace" in thrown && typeof thrown.trace === "string") return thrown.trace;
  return thrown instanceof Error ? (thrown.stack ?? "") : "";
}

function earlyUse({ name, line, cycle }: EarlyUse): Diagnosis {
  if (cycle) {
    return {
      problem: `"${name}" is used here, but it is made from this layer: ${cycle.join(" → ")}`,
      rule: "a model has no cycles: each layer is made from layers above it",
    };
  }
  return {
    problem: `"${name}" is used here, but it is made later, on line ${line}`,
    rule: "each layer is made from layers above it",
    fix: `moving "${name}" up`,
  };
}

const opNames = Object.keys(ops).toSorted((a, b) => b.length - a.length);

/** The layer's name in the file in place of the one Weft counted: `conv2d2` is `conv2` unless a variable holds it. */
function layerName(given: string | undefined, sites: ReturnType<typeof sitesOf>): string | undefined {
  if (given === undefined) return undefined;
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
