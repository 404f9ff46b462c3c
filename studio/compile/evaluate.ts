/** Runs a model's modules, in a worker or in the page, and reads call stacks back to the lines of its files. */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { startNames } from "../../compiler/dsl/build.ts";
import { UserError } from "../../compiler/errors.ts";
import type { Frame, StackReader } from "../../compiler/frontend/frames.ts";
import { suggestion } from "../../compiler/frontend/suggest.ts";
import * as weft from "../../compiler/index.ts";
import type { Module } from "./protocol.ts";

export interface Evaluation {
  readonly exports: Readonly<Record<string, unknown>>;
  /** What the file threw; undefined where it ran to its end. */
  readonly threw: { readonly value: unknown } | undefined;
  readonly reader: StackReader;
}

/** Deep enough for blocks within blocks within helper functions: V8 keeps 10 calls otherwise. */
const stackDepth = 64;
const instanceKey = Symbol.for("weftgpu.studio");
let runs = 0;

/** The last module is the model file; imports come before whoever imports them. */
export async function evaluate(modules: readonly Module[]): Promise<Evaluation> {
  const run = ++runs;
  const script = (i: number): string => `weft-model-${run}-${i}.mjs`;
  const addresses = new Map([["weftgpu", address(weftModule())]]);
  const sources = new Map(modules.map((m, i) => [script(i), m]));
  const reader = stackReader(sources);
  const depth: unknown = Reflect.get(Error, "stackTraceLimit");
  Object.assign(globalThis, { [instanceKey]: weft });
  Object.assign(Error, { stackTraceLimit: stackDepth });
  startNames(); // a model file that threw may have left counts behind
  try {
    let exports: Evaluation["exports"] = {};
    for (const [i, module] of modules.entries()) {
      const url = address(`${linked(module, addresses)}\n//# sourceURL=${script(i)}`);
      addresses.set(module.path, url);
      if (i === modules.length - 1) exports = await importModule(url);
    }
    return { exports, threw: undefined, reader };
  } catch (value) {
    return { exports: {}, threw: { value: explained(value) }, reader };
  } finally {
    Object.assign(Error, { stackTraceLimit: depth });
    for (const url of addresses.values()) URL.revokeObjectURL(url);
  }
}

/** A module of its own that holds the exports: a default export with a `then` would be awaited by import(). */
async function importModule(url: string): Promise<Evaluation["exports"]> {
  const entry = address(`export * as model from ${JSON.stringify(url)};`);
  try {
    const loaded: { readonly model: Evaluation["exports"] } = await import(entry);
    return loaded.model;
  } finally {
    URL.revokeObjectURL(entry);
  }
}

function address(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

function weftModule(): string {
  const names = Object.keys(weft).map((name) => `export const ${name} = weft.${name};`);
  return [`const weft = globalThis[Symbol.for("weftgpu.studio")];`, ...names].join("\n");
}

/** The code with addresses in place of its imports. */
function linked({ code, imports }: Module, addresses: ReadonlyMap<string, string>): string {
  return imports.toReversed().reduce((text, { from, to, target }) => {
    return `${text.slice(0, from)}${JSON.stringify(addresses.get(target) ?? target)}${text.slice(to)}`;
  }, code);
}

/** Engines say for a wrong name only that a blob does not provide it. */
function explained(value: unknown): unknown {
  if (!(value instanceof SyntaxError) || !value.message.includes("blob:")) return value;
  const name = /['"`‘]([\w$]+)['"`’]/.exec(value.message.replace(/['"`‘]blob:[^'"`’]*['"`’]/, ""))?.[1];
  if (name === undefined) return value;
  const fix = suggestion(name, Object.keys(weft));
  return new UserError({ problem: `there is no export named "${name}" where it is imported from`, fix });
}

function stackReader(scripts: ReadonlyMap<string, Module>): StackReader {
  const maps = new Map<string, TraceMap>();
  const mapOf = (script: string, { map }: Module): TraceMap => {
    const known = maps.get(script) ?? new TraceMap(map);
    maps.set(script, known);
    return known;
  };
  const frames = (stack: string): readonly Frame[] =>
    stack.split("\n").flatMap((row) => {
      const match = /(weft-model-\d+-\d+\.mjs):(\d+):(\d+)/.exec(row);
      const script = match?.[1] ?? "";
      const module = scripts.get(script);
      if (!match || !module) return [];
      const place = { line: Number(match[2]), column: Number(match[3]) - 1 };
      const found = originalPositionFor(mapOf(script, module), place);
      return found.source === null ? [] : [{ file: module.path, line: found.line, column: found.column + 1 }];
    });
  return {
    frames,
    inPackage: () => false,
    sources: new Map([...scripts.values()].map(({ path, source }) => [path, source])),
  };
}
