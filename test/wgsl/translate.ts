/** A module of WGSL as JavaScript. */
import { FunctionWriter, js, type Place, typeOf } from "./function.ts";
import type { Fn, Module, Variable } from "./syntax.ts";
import type { Type } from "./values.ts";

export interface Translation {
  /** The body of a function of (memory, uniform, lib) that returns the function of one thread. */
  readonly code: string;
  /** Whether threads wait for each other: then the function is a generator that yields where they do. */
  readonly waits: boolean;
  readonly workgroup: number;
  readonly variables: readonly Variable[];
}

export function elementOf({ type }: Variable): Type {
  const [element] = type.args;
  if (type.name !== "array" || typeof element !== "object") throw new Error(`${type.name} is no array`);
  return typeOf(element);
}

function placesOf(module: Module): ReadonlyMap<string, Place> {
  return new Map(
    module.variables.map((variable, i) => {
      const uniform = variable.space === "uniform";
      const writable = variable.space === "workgroup" || variable.access === "read_write";
      const read = writable ? (at: string) => `m${i}.read(${at})` : (at: string) => `d${i}[${at}]`;
      const write = writable && { write: (at: string, value: string) => `m${i}.write(${at}, ${value})` };
      const element = uniform ? { of: "f32" as const, width: 1 } : elementOf(variable);
      return [variable.name, { variable, element, read, ...write }];
    }),
  );
}

const SIZES: Readonly<Record<number, readonly [size: number, align: number]>> = {
  1: [1, 1],
  2: [2, 2],
  4: [4, 4],
};

/** The fields of a uniform as numbers read from words: f32 from `uf`, others from `uu`. */
function uniformFields(writer: FunctionWriter, module: Module): void {
  for (const variable of module.variables) {
    if (variable.space !== "uniform") continue;
    let at = 0;
    for (const { name, type } of module.structs.get(variable.type.name) ?? []) {
      const { of, width } = typeOf(type);
      const [size, align] = SIZES[width] ?? [width, 4];
      at = Math.ceil(at / align) * align;
      const first = at;
      const parts = Array.from({ length: width }, (_, i) => `${of === "f32" ? "uf" : "uu"}[${first + i}]`);
      writer.declare(`${variable.name}.${name}`, { of, width, parts });
      at += size;
    }
  }
}

export function translate(module: Module): Translation {
  const places = placesOf(module);
  let waits = false;
  const functions = module.functions.map((f: Fn) => {
    const writer = new FunctionWriter(module, places);
    uniformFields(writer, module);
    for (const { name, type, builtin = name } of f.params) {
      const { of, width } = typeOf(type);
      const given = js(builtin);
      const parts = Array.from({ length: width }, (_, i) => (width === 1 ? given : `${given}[${i}]`));
      writer.declare(name, { of, width, parts });
    }
    writer.statements(f.body);
    if (f.workgroup !== undefined) waits = writer.waits;
    else if (writer.waits) throw new Error("WGSL: a helper that waits");
    const star = f.workgroup !== undefined && writer.waits ? "*" : "";
    const params = f.params.map((p) => js(p.builtin ?? p.name));
    return {
      f,
      text: `function${star} ${js(f.name)}(${params.join(", ")}) {\n${writer.lines.join("\n")}\n}`,
    };
  });
  const entry = functions.find(({ f }) => f.workgroup !== undefined)?.f;
  if (!entry?.workgroup) throw new Error("WGSL: no entry point");
  const memories = module.variables.map((_, i) => `const m${i} = memory[${i}], d${i} = m${i} && m${i}.data;`);
  const head = `"use strict"; const f = Math.fround, uf = uniform.f32, uu = uniform.u32;`;
  const order = ["workgroup_id", "num_workgroups", "local_invocation_index"];
  const own = entry.params.map((p) => p.builtin ?? "");
  const unknown = own.find((b) => !order.includes(b));
  if (unknown !== undefined) throw new Error(`WGSL: @builtin(${unknown})`);
  const args = own.map((b) => js(b)).join(", ");
  const last = `return (${order.map((b) => js(b)).join(", ")}) => ${js(entry.name)}(${args});`;
  return {
    code: [head, ...memories, ...functions.map((g) => g.text), last].join("\n"),
    waits,
    workgroup: entry.workgroup,
    variables: module.variables,
  };
}
