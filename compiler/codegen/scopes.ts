/**
 * Statements in nested scopes. Every computed value is named once, in the outermost scope that knows the variables
 * it depends on: one rule that gives common-subexpression elimination and loop-invariant code motion together.
 */
import { InternalError, must } from "../errors.ts";
import type { Atom, Axis, Expr, Index } from "../ir/expr.ts";
import { byWeight } from "../ir/print.ts";
import type { Stmt } from "../ir/stmt.ts";
import { add, rangeOf } from "../math/affine.ts";
import type { Width } from "../ops/scalar.ts";
import { isReserved } from "./names.ts";

/** A WGSL expression and what it is. */
export interface Value {
  readonly text: string;
  readonly width: Width;
  /** The innermost scope it depends on. */
  readonly depth: number;
}

/** What a value is known by: the expression itself, or a text that holds the ids of what it is made of. */
export type Key = Expr | string;

interface Scope {
  readonly statements: Stmt[];
  readonly known: Map<Key, Value>;
}

export class Scopes {
  readonly #scopes: Scope[] = [{ statements: [], known: new Map() }];
  readonly #axes = new Map<Axis, { readonly name: string; readonly depth: number }>();
  readonly #counters = new Map<string, number>();
  /** Every local name given so far: the names of bindings must differ. */
  readonly names = new Set<string>();
  /** Arrays of the workgroup, and their types. */
  readonly shared = new Map<string, string>();
  usesBatch = false;
  /** Whether it reads what differs from run to run besides N: the place in a data set, the step, the seed, the rates. */
  usesRun = false;

  get depth(): number {
    return this.#scopes.length - 1;
  }

  /** The statements written so far, the outermost scope's. */
  get statements(): readonly Stmt[] {
    return must(this.#scopes[0], "scope").statements;
  }

  /** A name that is not used yet: `acc0`, `acc1`, … but not `i32`, which is a type. */
  name(stem: string): string {
    const n = this.#counters.get(stem) ?? 0;
    this.#counters.set(stem, n + 1);
    const name = /\d$/.test(stem) ? `${stem}_${n}` : `${stem}${n}`;
    if (isReserved(name)) return this.name(stem);
    this.names.add(name);
    return name;
  }

  /** An array in the memory of the workgroup. */
  share(stem: string, type: string): string {
    const name = this.name(stem);
    this.shared.set(name, type);
    return name;
  }

  push(statement: Stmt, depth = this.depth): void {
    must(this.#scopes[depth], "scope").statements.push(statement);
  }

  /** Declares that an axis is the variable `name`, known from the current scope on. */
  declare(axis: Axis, name: string): void {
    this.#axes.set(axis, { name, depth: this.depth });
  }

  /** Writes `body` into a new innermost scope and wraps its statements. */
  nested(body: () => void, wrap: (statements: readonly Stmt[]) => Stmt): void {
    this.#scopes.push({ statements: [], known: new Map() });
    body();
    const inner = must(this.#scopes.pop(), "scope");
    this.push(wrap(inner.statements));
  }

  /** A loop over an axis, `step` positions at a time. */
  loop(axis: Axis, body: () => void, step = 1): void {
    const name = this.name(axis.name);
    const end = axis.extent === "N" ? this.batch().text : axis.extent;
    this.nested(
      () => {
        this.declare(axis, name);
        body();
      },
      (statements) => ({ kind: "for", name, end, step, body: statements }),
    );
  }

  batch(): Value {
    this.usesBatch = true;
    return { text: "i32(batch.n)", width: 1, depth: 0 };
  }

  /** Runs `body` as if only the scopes up to `depth` existed: what it writes goes there. */
  at<T>(depth: number, body: () => T): T {
    const inner = this.#scopes.splice(depth + 1);
    try {
      return body();
    } finally {
      this.#scopes.splice(depth + 1, this.#scopes.length, ...inner);
    }
  }

  lookup(key: Key): Value | undefined {
    for (const scope of this.#scopes) {
      const value = scope.known.get(key);
      if (value) return value;
    }
    return undefined;
  }

  /** Names a value in the scope it belongs to, once. */
  named(key: Key, stem: string, make: () => Value): Value {
    const known = this.lookup(key);
    if (known) return known;
    const value = make();
    const name = this.name(stem);
    this.push({ kind: "let", name, value: value.text }, value.depth);
    const result = { ...value, text: name };
    must(this.#scopes[value.depth], "scope").known.set(key, result);
    return result;
  }

  /** Remembers what a key stands for, in the scope that the value belongs to. */
  remember(key: Key, value: Value): void {
    must(this.#scopes[value.depth], "scope").known.set(key, value);
  }

  /** The scope from which an axis has a variable; 0 where it has none. */
  depthOf(axis: Axis): number {
    return this.#axes.get(axis)?.depth ?? 0;
  }

  /** An index as i32. Parts that belong to outer scopes are named there. */
  index(index: Index): Value {
    const byDepth = new Map<number, string[]>();
    for (const { coefficient, atom } of byWeight(index)) {
      const { text, depth } = this.#atom(atom);
      const list = byDepth.get(depth) ?? [];
      list.push(coefficient === 1 ? text : coefficient === -1 ? `-${text}` : `${text} * ${coefficient}`);
      byDepth.set(depth, list);
    }
    const depths = [...byDepth.keys()].sort((a, b) => a - b);
    let value: Value = { text: "", width: 1, depth: 0 };
    depths.forEach((depth, i) => {
      const parts = [value.text, ...must(byDepth.get(depth), "terms")].filter((p) => p !== "");
      const sum: Value = { text: parts.join(" + ").replaceAll("+ -", "- "), width: 1, depth };
      const simple = parts.length === 1 && !/[ %/]/.test(sum.text);
      value = simple && i === depths.length - 1 ? sum : this.named(`i:${sum.text}@${depth}`, "i", () => sum);
    });
    if (value.text === "") return { text: `${index.constant}`, width: 1, depth: 0 };
    if (index.constant === 0) return value;
    const sign = index.constant < 0 ? "-" : "+";
    return { ...value, text: `${value.text} ${sign} ${Math.abs(index.constant)}` };
  }

  #atom(atom: Atom): Value {
    if (atom.kind === "axis") {
      const variable = this.#axes.get(atom);
      if (!variable) throw new InternalError(`axis ${atom.name} has no variable here`);
      return { text: variable.name, width: 1, depth: variable.depth };
    }
    // WGSL's / and % round towards 0, ours down: a whole number of turns keeps what is divided at 0 or above.
    const turns = Math.max(0, Math.ceil(-rangeOf(atom.of).low / atom.by));
    const of = this.index(add(atom.of, turns * atom.by));
    const back = atom.kind === "div" && turns > 0 ? ` - ${turns}` : "";
    const text = `(${of.text}) ${atom.kind === "div" ? "/" : "%"} ${atom.by}${back}`;
    return this.named(`q:${text}`, "q", () => ({ text, width: 1, depth: of.depth }));
  }
}
