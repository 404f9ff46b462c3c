/** A function of WGSL as JavaScript: each value is its components, each f32 is rounded after each operation. */
import type { Expr, Module, Stmt, TypeRef, Variable } from "./syntax.ts";
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
  wrapped,
} from "./values.ts";

/** Where a variable of the module lies. */
export interface Place {
  /** Of the module; absent for a function's own array. */
  readonly variable?: Variable;
  /** Of an array's elements. */
  readonly element: Type;
  /** JavaScript that reads or writes a component by its number. */
  readonly read: (at: string) => string;
  readonly write?: (at: string, value: string) => string;
}

export function typeOf({ name, args: [of] }: TypeRef): Type {
  const width = /^vec([234])$/.exec(name)?.[1];
  if (width === undefined) return { of: name as Of, width: 1 };
  if (typeof of !== "object") throw new Error(`${name} of what?`);
  return { of: of.name as Of, width: Number(width) };
}

/** Names that WGSL may have and JavaScript reserves are none of ours. */
export const js = (name: string, component?: number): string =>
  component === undefined ? `_${name}` : `_${name}$${component}`;

const COMPONENTS = "xyzw";

export class FunctionWriter {
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
    if (name === "bitcast") {
      const [to] = callee.args;
      const [x] = values;
      if (typeof to !== "object" || !x) throw new Error("WGSL: bitcast of what?");
      const type = typeOf(to);
      const typed = cast(x, concrete(x.of));
      const floats = typed.of === "f32" ? typed.parts.map((p) => `lib.bitsOf(${p})`) : typed.parts;
      return {
        ...type,
        parts: floats.map((p) => (type.of === "f32" ? `lib.ofBits(${p})` : wrapped(type.of, p))),
      };
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
