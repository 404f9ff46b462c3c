/** A module of WGSL as JavaScript: each value is its components, each f32 is rounded after each operation. */
import type { Expr, Fn, Module, Stmt, TypeRef, Variable } from "./syntax.ts";
import {
  arithmetic,
  builtins,
  call,
  cast,
  concrete,
  type Of,
  type Type,
  type Value,
  widen,
} from "./values.ts";

/** Where a variable of the module lies. */
interface Place {
  /** Of the module; absent for a function's own array. */
  readonly variable?: Variable;
  /** Of an array's elements. */
  readonly element: Type;
  /** JavaScript that reads or writes a component by its number. */
  readonly read: (at: string) => string;
  readonly write?: (at: string, value: string) => string;
}

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

function typeOf({ name, args: [of] }: TypeRef): Type {
  const width = /^vec([234])$/.exec(name)?.[1];
  if (width === undefined) return { of: name as Of, width: 1 };
  if (typeof of !== "object") throw new Error(`${name} of what?`);
  return { of: of.name as Of, width: Number(width) };
}

/** Names that WGSL may have and JavaScript reserves are none of ours. */
const js = (name: string, component?: number): string =>
  component === undefined ? `_${name}` : `_${name}$${component}`;

const COMPONENTS = "xyzw";

class FunctionWriter {
  readonly lines: string[] = [];
  readonly #module: Module;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #scopes: Map<string, Value>[] = [new Map()];
  #temporaries = 0;
  waits = false;

  constructor(module: Module, places: ReadonlyMap<string, Place>) {
    this.#module = module;
    this.#places = places;
  }

  declare(name: string, value: Value): void {
    this.#scopes.at(-1)?.set(name, value);
  }

  #find(name: string): Value {
    const value = this.#scopes.findLast((s) => s.has(name))?.get(name);
    if (!value) throw new Error(`WGSL: ${name} is not declared`);
    return value;
  }

  /** A value whose components may be written many times. */
  #held(value: Value): Value {
    return {
      ...value,
      parts: value.parts.map((part) => (/^[\w$.-]+$/.test(part) ? part : this.#hold(part))),
    };
  }
  #hold(part: string): string {
    const name = `t${this.#temporaries++}`;
    this.lines.push(`const ${name} = ${part};`);
    return name;
  }

  expr(e: Expr): Value {
    switch (e.kind) {
      case "number":
        return { of: e.type, width: 1, parts: [`${e.value}`] };
      case "flag":
        return { of: "bool", width: 1, parts: [`${e.value}`] };
      case "name":
        return this.#find(e.name);
      case "unary": {
        const x = this.expr(e.x);
        return arithmetic(`unary${e.op}`, [x]);
      }
      case "binary": {
        const both = widen([this.expr(e.a), this.expr(e.b)], (v) => this.#held(v));
        return arithmetic(e.op, both);
      }
      case "index":
        return this.#element(e.of, e.at);
      case "member": {
        if (e.of.kind === "name" && this.#places.get(e.of.name)?.variable?.space === "uniform")
          return this.#find(`${e.of.name}.${e.name}`);
        const x = this.expr(e.of);
        const at = Array.from(e.name, (c) => COMPONENTS.indexOf(c));
        return { of: x.of, width: at.length, parts: at.map((i) => x.parts[i] ?? "undefined") };
      }
      case "call":
        return this.#call(e.callee, e.args);
    }
  }

  #element(of: Expr, at: Expr): Value {
    const place = of.kind === "name" ? (this.#places.get(of.name) ?? this.#array(of.name)) : undefined;
    const index = this.expr(at);
    if (!place) {
      const x = this.expr(of);
      return { of: x.of, width: 1, parts: [`[${x.parts.join(", ")}][${index.parts[0]}]`] };
    }
    const { of: kind, width } = place.element;
    const addresses = this.#addresses(index, width);
    const parts = addresses.map((a) => (kind === "f16" ? `lib.H[${place.read(a)}]` : place.read(a)));
    // What is loaded once is read once: a race would be seen twice.
    return { of: kind, width, parts: place.write ? parts.map((p) => this.#hold(p)) : parts };
  }

  /** A function's own array. */
  #array(name: string): Place | undefined {
    const known = this.#scopes.findLast((s) => s.has(name))?.get(name);
    if (!known?.array) return undefined;
    const at = (i: string): string => `${js(name)}[${i}]`;
    return { element: known, read: at, write: (i, value) => `${at(i)} = ${value}` };
  }

  #addresses(index: Value, width: number): readonly string[] {
    if (width === 1) return [index.parts[0] ?? ""];
    const { parts } = this.#held(index);
    return Array.from({ length: width }, (_, i) => `${parts[0]} * ${width} + ${i}`);
  }

  #call(callee: TypeRef, args: readonly Expr[]): Value {
    const { name } = callee;
    const values = args.map((a) => this.expr(a));
    if (name === "quadBroadcast") {
      const [x, lane] = values;
      if (!x || !lane) throw new Error("quadBroadcast of what?");
      this.waits = true;
      const all = this.#hold(`yield [${x.parts.join(", ")}]`);
      return { ...x, parts: x.parts.map((_, i) => `${all}[${lane.parts[0]}][${i}]`) };
    }
    const own = this.#module.functions.find((f) => f.name === name);
    if (own) {
      const result = typeOf(own.result ?? { name: "void", args: [] });
      const given = values.map((v, i) => cast(v, typeOf(own.params[i]?.type ?? { name: "?", args: [] }).of));
      const list = given.map((v) => (v.width === 1 ? v.parts[0] : `[${v.parts.join(", ")}]`));
      const made = `${js(name)}(${list.join(", ")})`;
      if (result.width === 1) return { ...result, parts: [made] };
      const held = this.#hold(made);
      return { ...result, parts: Array.from({ length: result.width }, (_, i) => `${held}[${i}]`) };
    }
    if (callee.args.length > 0 || /^(f32|f16|i32|u32|bool)$/.test(name)) {
      const type = typeOf(callee);
      const parts = values.map((v) => cast(v, type.of));
      const [first] = parts;
      const splat = first && parts.length === 1 && first.width === 1 && type.width > 1;
      if (splat)
        return { ...type, parts: Array.from({ length: type.width }, () => this.#held(first).parts[0] ?? "") };
      return { ...type, parts: parts.flatMap((v) => v.parts) };
    }
    if (!builtins.has(name)) throw new Error(`WGSL: ${name} is not known here`);
    return call(
      name,
      widen(values, (v) => this.#held(v)),
    );
  }

  statements(list: readonly Stmt[]): void {
    this.#scopes.push(new Map());
    for (const s of list) this.statement(s);
    this.#scopes.pop();
  }

  statement(s: Stmt): void {
    switch (s.kind) {
      case "let":
      case "var":
        this.lines.push(...this.#declaration(s));
        return;
      case "assign":
        this.lines.push(...this.#assignment(s));
        return;
      case "return":
        this.lines.push(`return ${s.value ? array(this.expr(s.value)) : ""};`);
        return;
      case "if":
        this.lines.push(`if (${this.expr(s.test).parts[0]}) {`);
        this.statements(s.then);
        this.lines.push("} else {");
        this.statements(s.otherwise);
        this.lines.push("}");
        return;
      case "for": {
        this.#scopes.push(new Map());
        const before = this.lines.length;
        const init = s.init.kind === "assign" ? this.#assignment(s.init) : this.#declaration(s.init);
        const test = this.expr(s.test).parts[0];
        const next = s.next.kind === "assign" ? this.#assignment(s.next) : [];
        if (this.lines.length > before) throw new Error("WGSL: a loop's head that needs statements");
        this.lines.push(`for (${init.join(" ")} ${test}; ${next.join(" ").replace(/;$/, "")}) {`);
        this.statements(s.body);
        this.lines.push("}");
        this.#scopes.pop();
        return;
      }
      case "call":
        if (s.call.kind !== "call" || s.call.callee.name !== "workgroupBarrier")
          throw new Error("WGSL: a call whose result nobody takes");
        this.waits = true;
        this.lines.push("yield undefined;");
    }
  }

  #declaration(s: Stmt): readonly string[] {
    if ((s.kind !== "let" && s.kind !== "var") || (s.kind === "let" && !s.value))
      throw new Error("WGSL: no declaration");
    if (s.value?.kind === "call" && s.value.callee.name === "array") {
      const [of] = s.value.callee.args;
      if (typeof of !== "object") throw new Error("WGSL: an array of what?");
      const element = typeOf(of);
      const values = s.value.args.map((a) => cast(this.expr(a), element.of));
      this.declare(s.name, { ...element, parts: [], array: true });
      return [`const ${js(s.name)} = [${values.flatMap((v) => v.parts).join(", ")}];`];
    }
    const type = s.type ? typeOf(s.type) : undefined;
    const zero: Value = { of: "int", width: 1, parts: ["0"] };
    const given = s.value ? this.expr(s.value) : zero;
    const value = cast(given, type?.of ?? concrete(given.of));
    const width = type?.width ?? value.width;
    const names = Array.from({ length: width }, (_, i) => js(s.name, i));
    this.declare(s.name, { of: value.of, width, parts: names });
    const word = s.kind === "let" ? "const" : "let";
    const parts = names.map((n, i) => `${n} = ${value.parts[i] ?? value.parts[0]}`);
    return [`${word} ${parts.join(", ")};`];
  }

  #assignment({ target, op, value }: Extract<Stmt, { kind: "assign" }>): readonly string[] {
    const given = this.expr(value);
    const place =
      target.kind === "index" && target.of.kind === "name"
        ? (this.#places.get(target.of.name) ?? this.#array(target.of.name))
        : undefined;
    if (target.kind === "index" && place) {
      if (!place.write) throw new Error(`WGSL: ${place.variable?.name} is read only`);
      const old = op
        ? arithmetic(
            op,
            widen([this.#element(target.of, target.at), given], (v) => this.#held(v)),
          )
        : given;
      const { parts } = cast(old, place.element.of);
      const addresses = this.#addresses(this.expr(target.at), place.element.width);
      return addresses.map((a, i) => {
        const part = parts[i] ?? parts[0] ?? "";
        return `${place.write?.(a, place.element.of === "f16" ? `lib.toHalf(${part})` : part)};`;
      });
    }
    const old = this.expr(target);
    const next = op
      ? arithmetic(
          op,
          widen([old, given], (v) => this.#held(v)),
        )
      : given;
    const { parts } = cast(next, old.of);
    return old.parts.map((p, i) => `${p} = ${parts[i] ?? parts[0]};`);
  }
}

const array = (value: Value): string =>
  value.width === 1 ? (value.parts[0] ?? "") : `[${value.parts.join(", ")}]`;

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
