/** A kernel's module as WGSL. Nothing is decided here. */
import type { Feature } from "../../../contract/program.ts";
import type { Size } from "../../../contract/type.ts";
import { InternalError, must } from "../../errors.ts";
import type { KernelModule, Stmt } from "../../ir/stmt.ts";
import type { Memory, Value, Variable } from "../../ir/value.ts";
import { visitStatements, visitValues } from "../../math/statements.ts";
import { typeFor } from "../../math/value.ts";
import { isReserved } from "./names.ts";
import { functionName, helperOf, type Names, printValue, wgslType } from "./values.ts";

/** Always 1, which no driver can know: a bound times this is one that it cannot see. */
const ONCE = "once";
const DECLARE_ONCE = `let ${ONCE} = i32(groups.z);`;

/** Uniform in [0, 1): a hash of counter, step, seed and salt (PCG; Jarzynski & Olano 2020, "Hash functions for GPU rendering"). */
const RANDOM = `fn hash(x: u32) -> u32 {
  let s = x * 747796405u + 2891336453u;
  let w = ((s >> ((s >> 28u) + 4u)) ^ s) * 277803737u;
  return (w >> 22u) ^ w;
}

fn random(counter: u32, salt: u32) -> f32 {
  let key = hash(batch.step ^ hash(batch.seed ^ hash(salt)));
  return f32(hash(counter ^ key) >> 8u) * ${2 ** -24};
}`;

/** What a module uses besides its bindings. */
export interface Uses {
  /** Whether binding 0 is the uniform. */
  readonly batch: boolean;
  /** Whether it reads what differs from run to run besides N: the place in a data set, the step, the seed, the rates, sizes. */
  readonly run: boolean;
  readonly features: readonly Feature[];
  /** Functions, by name. */
  readonly helpers: ReadonlyMap<string, string>;
}

export function usesOf({ bindings, body }: KernelModule): Uses {
  const helpers = new Map<string, string>();
  let [batch, run, quads] = [false, false, false];
  visitValues(body, (v) => {
    if (v.kind === "random") helpers.set("random", RANDOM);
    if (v.kind === "broadcast") quads = true;
    const isRun = v.kind === "random" || (v.kind === "uniform" && v.field !== "n");
    run ||= isRun;
    batch ||= isRun || v.kind === "uniform";
    const helper = v.kind === "call" ? helperOf(v.fn) : undefined;
    if (!helper || v.kind !== "call") return;
    const name = functionName(v.fn, v.type);
    helpers.set(name, helper.text(name, wgslType(v.type), wgslType(typeFor("u32", v.type.width))));
  });
  const halves = bindings.some((b) => b.type.scalar === "f16");
  const features = [...(quads ? ["subgroups" as const] : []), ...(halves ? ["shader-f16" as const] : [])];
  return { batch, run, features, helpers };
}

/** Names of all variables and of the workgroup's arrays, in the order of the text: `acc0`, `acc1`, … but not `i32`, which is a type. */
export function localNames({ shared, body }: KernelModule): Names {
  const names = new Map<Variable | Memory | Size, string>();
  const counters = new Map<string, number>();
  const give = (to: Variable | Memory): void => {
    const { stem } = to;
    const n = counters.get(stem) ?? 0;
    counters.set(stem, n + 1);
    const name = /\d$/.test(stem) ? `${stem}_${n}` : `${stem}${n}`;
    if (isReserved(name)) give(to);
    else names.set(to, name);
  };
  shared.forEach(give);
  visitStatements(body, (s) => {
    if (s.kind === "let" || s.kind === "var" || s.kind === "for") give(s.variable);
    if (s.kind === "array") give(s.array);
  });
  return names;
}

const FEATURES: Readonly<Record<Feature, string>> = { subgroups: "subgroups", "shader-f16": "f16" };

export interface Printed {
  readonly wgsl: string;
  /** The line on which each statement begins, counted from 1. */
  readonly lines: ReadonlyMap<Stmt, number>;
}

/**
 * @param bindingNames in the order of the module's bindings, none of which is a local name
 * @param sizes those of the program besides N, in the order in which the uniform holds them; absent: those that the module reads
 */
export function printModule(
  module: KernelModule,
  bindingNames: readonly string[],
  sizes: readonly Size[] = sizesOf(module),
): Printed {
  const { bindings, shared, workgroup, body } = module;
  const { batch, run, features, helpers } = usesOf(module);
  const names = new Map(localNames(module));
  sizes.forEach((size, i) => {
    names.set(size, `size${i}`);
  });
  const text: string[] = features.toReversed().map((f) => `enable ${FEATURES[f]};`);
  let slot = 0;
  const variable = (space: string, name: string, type: string): void => {
    text.push(`@group(0) @binding(${slot++}) var<${space}> ${name}: ${type};`);
  };
  if (batch) {
    const fields = ["n", ...(run ? ["offset", "step", "seed"] : [])].map((name) => `${name}: u32`);
    if (run) fields.push("rates: vec4<f32>", ...sizes.map((size) => `${names.get(size)}: u32`));
    text.push(`struct Batch { ${fields.join(", ")} }`);
    variable("uniform", "batch", "Batch");
  }
  bindings.forEach((memory, i) => {
    const name = must(bindingNames[i], "binding's name");
    names.set(memory, name);
    variable(`storage, ${memory.writable ? "read_write" : "read"}`, name, `array<${wgslType(memory.type)}>`);
  });
  text.push("");
  for (const helper of helpers.values()) text.push(...helper.split("\n"), "");
  for (const memory of shared) text.push(`var<workgroup> ${names.get(memory)}: ${arrayType(memory)};`);
  if (shared.length > 0) text.push("");
  text.push(
    `@compute @workgroup_size(${workgroup})`,
    "fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,",
    "  @builtin(local_invocation_index) local: u32) {",
  );
  let hides = false;
  visitStatements(body, (s) => {
    hides ||= s.kind === "for" && s.opaque;
  });
  if (hides) text.push(`  ${DECLARE_ONCE}`);
  const lines = new Map<Stmt, number>();
  printStatements(body, "  ", { names, text, lines });
  text.push("}", "");
  return { wgsl: text.join("\n"), lines };
}

function sizesOf({ body }: KernelModule): readonly Size[] {
  const sizes = new Set<Size>();
  visitValues(body, (v) => {
    if (v.kind === "uniform" && typeof v.field === "object") sizes.add(v.field);
  });
  return [...sizes];
}

const arrayType = ({ type, length }: Memory): string => `array<${wgslType(type)}, ${length}>`;

interface Page {
  readonly names: Names;
  readonly text: string[];
  readonly lines: Map<Stmt, number>;
}

function printStatements(statements: readonly Stmt[], indent: string, page: Page): void {
  for (const s of statements) {
    page.lines.set(s, page.text.length + 1);
    printStatement(s, indent, page);
  }
}

function printStatement(s: Stmt, indent: string, page: Page): void {
  const value = (v: Value, need?: number): string => printValue(v, page.names, need);
  const line = (text: string): void => {
    page.text.push(`${indent}${text}`);
  };
  const block = (body: readonly Stmt[]): void => printStatements(body, `${indent}  `, page);
  switch (s.kind) {
    case "let":
    case "var":
      line(`${s.kind} ${value(s.variable)} = ${value(s.value)};`);
      break;
    case "assign":
      line(`${value(s.to)} ${s.op} ${value(s.value)};`);
      break;
    case "array": {
      const values = s.values.map((v) => value(v)).join(", ");
      line(`var ${page.names.get(s.array)} = ${arrayType(s.array)}(${values});`);
      break;
    }
    case "store":
      line(`${page.names.get(s.to)}[${value(s.at)}] = ${value(s.value)};`);
      break;
    case "for": {
      const name = value(s.variable);
      const next = s.step === 1 ? `${name}++` : `${name} += ${s.step}`;
      const end = s.opaque ? `${value(s.end)} * ${ONCE}` : value(s.end);
      line(`for (var ${name} = ${value(s.start)}; ${name} < ${end}; ${next}) {`);
      block(s.body);
      line("}");
      break;
    }
    case "if": {
      const only = s.body.length === 1 ? s.body[0] : undefined;
      if (only?.kind === "return" && !s.otherwise) {
        line(`if (${value(s.condition)}) { return; }`);
        return;
      }
      line(`if (${value(s.condition)}) {`);
      block(s.body);
      let { otherwise } = s;
      while (otherwise) {
        const [next, ...others]: readonly Stmt[] = otherwise;
        const chained = next?.kind === "if" && others.length === 0 ? next : undefined;
        line(chained ? `} else if (${value(chained.condition)}) {` : "} else {");
        block(chained ? chained.body : otherwise);
        otherwise = chained?.otherwise;
      }
      line("}");
      break;
    }
    case "barrier":
      line("workgroupBarrier();");
      break;
    case "return":
      line("return;");
      break;
    case "bind":
    case "share":
      throw new InternalError(`a statement that passes leave behind: ${s.kind}`);
  }
}
