/** What everything in a model file is called: names of the ONNX file where they tell something, as variables that a person would have chosen. */
import type { Size } from "../../contract/type.ts";
import * as language from "../dsl/index.ts";
import { shortName } from "../dsl/names.ts";
import { sizesIn } from "../ir/type.ts";
import { type Bodies, isUse, type Line, linesOf, resultsOf, statementsOf } from "./blocks/body.ts";
import type { Code, Param } from "./blocks/params.ts";
import { common, identifier, stemOf, unique, without } from "./names.ts";
import { isRef, type Ref, refsIn, type Statement } from "./recorder.ts";

/** The names of a body. */
export interface Scope {
  /** The function's; "" of the module. */
  readonly name: string;
  /** Of each line the variables of its results; undefined where nobody reads one. Of a function's last line what a loaded file calls it. */
  readonly lines: readonly (readonly (string | undefined)[])[];
  readonly params: ReadonlyMap<Param, string>;
}

export interface Naming {
  /** By body. */
  readonly scopes: readonly Scope[];
  /** The variables of inputs, parameters and constants. */
  readonly sources: ReadonlyMap<Statement, string>;
  /** What they are called in the graph. */
  readonly own: ReadonlyMap<Statement, string>;
  readonly sizes: ReadonlyMap<Size, string>;
}

export type Keyed = readonly (readonly [key: string, ref: Ref])[];

export interface Named {
  readonly bodies: Bodies;
  readonly codes: readonly Code[];
  /** Statements that read nothing, in their order. */
  readonly sources: readonly Statement[];
  readonly inputs: Keyed;
  readonly outputs: Keyed;
}

/** What an output is called, so is the variable that holds it, where no layer has a name by its weights. */
export function namingOf({ bodies, codes, sources, inputs, outputs }: Named): Naming {
  const keys = new Map(inputs.map(([key, ref]) => [ref.statement, key]));
  // A path that begins as an input's name does would be taken for it.
  const taken = [
    ...Object.keys(language),
    "Tensor", // the type of what functions take
    ...inputs.flatMap(([key]) => (key.includes("/") ? [key.split("/")[0] ?? ""] : [])),
  ];
  const name = unique(taken);
  const sizes = new Map(
    sizesIn(inputs.map(([, ref]) => ref.tensor.node.type.shape)).map((size) => [
      size,
      name(identifier(size.name), "size"),
    ]),
  );
  const given = new Map<Ref, string>();
  for (const [key, ref] of inputs) given.set(ref, name(identifier(key), "input"));
  for (const [key, ref] of outputs) {
    const layer = ref.statement.weights.size > 0 && ref.statement.hint !== "";
    const called = layer ? "" : identifier(key);
    if (called !== "" && !given.has(ref)) given.set(ref, name(called, "output"));
  }
  const hints = hintsOf(bodies);
  const functions = functionNames(bodies, hints, new Set(given.values()), name);
  const own = new Map<Statement, string>();
  const variables = new Map<Statement, string>();
  for (const statement of sources) {
    const [ref] = statement.results;
    const variable = (ref && given.get(ref)) ?? name(statement.hint, statement.otherwise);
    variables.set(statement, variable);
    own.set(statement, keys.get(statement) ?? variable);
  }
  const shared = [...taken, ...functions, ...sizes.values()];
  const scopes = bodies.map(({ calls }, b): Scope => {
    const local = b === 0 ? name : unique(shared);
    const params = new Map(
      (codes[b]?.params ?? []).map((param) => [
        param,
        isRef(param.values[0]) ? local("x", "x") : local(param.key || "size", "size"),
      ]),
    );
    const lines = linesNamed(calls, b, { bodies, hints, functions, given, local });
    return { name: functions[b] ?? "", lines, params };
  });
  return { scopes, sources: variables, own, sizes };
}

interface Local {
  readonly bodies: Bodies;
  readonly hints: Hints;
  readonly functions: readonly string[];
  readonly given: ReadonlyMap<Ref, string>;
  readonly local: (wanted: string, otherwise: string) => string;
}

function linesNamed(
  calls: Bodies[number]["calls"],
  body: number,
  { bodies, hints, functions, given, local }: Local,
): Scope["lines"] {
  const [first = []] = calls;
  const read = new Set(
    first.flatMap((line) => statementsOf(line, bodies)).flatMap(({ args }) => args.flatMap(refsIn)),
  );
  const returned = body === 0 ? -1 : first.length - 1;
  const lines = first.map((line, k) => {
    if (k === returned) return [];
    // What all calls call it, without what they begin with.
    const called = calls.map((all, call) => {
      const here = all[k];
      return here ? without(hints.of(here), hints.prefix(body, call)) : "";
    });
    const hint = called.every((text) => text === called[0]) ? identifier(called[0] ?? "") : "";
    const results = resultsOf(line, bodies);
    const otherwise = results[0]?.statement.otherwise ?? "";
    return results.map((ref) => {
      if (results.length > 1 && !read.has(ref) && !given.has(ref)) return undefined;
      return (body === 0 ? given.get(ref) : undefined) ?? local(hint, otherwise);
    });
  });
  const last = first[returned];
  if (!last) return lines;
  const taken = new Set(lines.flatMap((names, k) => (isUse(first[k] ?? last) ? [] : names)));
  return [...lines.slice(0, -1), [isUse(last) ? functions[last.body] : counted(last, taken)]];
}

/** The name of a layer that no variable holds: `relu1`, or `relu2` where a variable has that. */
function counted({ results }: Statement, taken: ReadonlySet<string | undefined>): string {
  const node = results[0]?.tensor.node;
  const label = shortName(node?.kind === "op" ? node.op.name : "");
  let count = 0;
  let name: string;
  do name = `${label}${/\d$/.test(label) ? "_" : ""}${++count}`;
  while (taken.has(name));
  return name;
}

interface Hints {
  /** What a line may be called; "" where the file does not say. */
  of(line: Line): string;
  /** What the names in a call of a function have in common. */
  prefix(body: number, call: number): string;
}

function hintsOf(bodies: Bodies): Hints {
  const prefixOf = (lines: readonly Line[]): string => {
    const statements = lines.flatMap((line) => statementsOf(line, bodies));
    const layers = statements.filter(({ weights }) => weights.size > 0);
    return common(statements.map(({ hint }) => hint)) || common(layers.map(({ hint }) => hint));
  };
  const prefixes = bodies.map(({ calls }, b) => (b === 0 ? [""] : calls.map(prefixOf)));
  const differ = prefixes.map((all) => new Set(all).size === all.length);
  const of = (line: Line): string => {
    if (!isUse(line)) return line.hint;
    const prefix = prefixes[line.body]?.[line.call] ?? "";
    if (prefix !== "" && differ[line.body]) return prefix;
    const last = linesOf(bodies, line).at(-1);
    return last ? of(last) : "";
  };
  return { of, prefix: (body, call) => prefixes[body]?.[call] ?? "" };
}

/** As what its calls are called, where that is one word: `layer`, for layer1_0 and layer1_1. */
function functionNames(
  bodies: Bodies,
  hints: Hints,
  tensors: ReadonlySet<string>,
  name: (wanted: string, otherwise: string) => string,
): readonly string[] {
  const used = new Set(tensors);
  return bodies.map(({ calls }, body) => {
    if (body === 0) return "";
    const stems = new Set(calls.map((_, call) => stemOf(hints.prefix(body, call))));
    const [stem = ""] = stems;
    const wanted = stems.size === 1 && stem !== "" && !used.has(stem) ? stem : "block";
    used.add(wanted);
    return name(wanted, "block");
  });
}
