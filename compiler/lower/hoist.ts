/**
 * Every computed value is named once, in the outermost scope that knows the variables it depends on: one rule that gives
 * common-subexpression elimination and loop-invariant code motion together. Addresses are computed here, part by part.
 */
import { InternalError, must } from "../errors.ts";
import type { Atom, Axis, Index } from "../ir/expr.ts";
import { byWeight } from "../ir/print.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Value, Variable } from "../ir/value.ts";
import { add, rangeOf } from "../math/affine.ts";
import {
  binary,
  int,
  lanesOf,
  loadFrom,
  negate,
  newVariable,
  partsOf,
  plus,
  times,
  withParts,
} from "../math/value.ts";
import { codecOf } from "../ops/codec.ts";

/** A value without what only passes know, and the innermost scope it depends on. */
interface Placed {
  readonly value: Value;
  readonly depth: number;
}

interface Scope {
  readonly statements: Stmt[];
  readonly known: Map<Value, Placed>;
  /** Whether only some threads come here. */
  readonly conditional: boolean;
}

/** The statements that a target gets. */
export function hoist(statements: readonly Stmt[]): readonly Stmt[] {
  return new Hoisting().scope(statements, () => {});
}

class Hoisting {
  readonly #scopes: Scope[] = [];
  readonly #variables = new Map<Variable, number>();
  readonly #axes = new Map<Axis, Placed>();
  /** Variables that a named value has read: nobody may assign to them any more. */
  readonly #settled = new Set<Value>();

  get #depth(): number {
    return this.#scopes.length - 1;
  }

  /** The innermost scope that only some threads come to; 0 where there is none. */
  get #condition(): number {
    return Math.max(
      0,
      this.#scopes.findLastIndex((s) => s.conditional),
    );
  }

  /** A new innermost scope. `declare` says what is known in it from the start. */
  scope(statements: readonly Stmt[], declare: () => void, conditional = false): readonly Stmt[] {
    const scope: Scope = { statements: [], known: new Map(), conditional };
    this.#scopes.push(scope);
    declare();
    for (let i = 0; i < statements.length; ) {
      const run = assignmentsFrom(statements, i);
      // All terms of a step are fetched before the first one is added.
      const values = run.map((s) => this.#place(s.value).value);
      run.forEach((s, j) => {
        if (this.#settled.has(s.to))
          throw new InternalError(`${s.to.stem} is assigned to after it was named`);
        this.#push({ ...s, value: must(values[j], "term") });
      });
      const next = run.length === 0 ? statements[i] : undefined;
      if (next) this.#statement(next);
      i += Math.max(1, run.length);
    }
    this.#scopes.pop();
    return scope.statements;
  }

  #push(s: Stmt, depth = this.#depth): void {
    must(this.#scopes[depth], "scope").statements.push(s);
  }

  #statement(s: Stmt): void {
    const placed = (v: Value): Value => this.#place(v).value;
    switch (s.kind) {
      case "let":
      case "var":
        this.#push({ ...s, value: placed(s.value) });
        this.#variables.set(s.variable, this.#depth);
        return;
      case "bind":
        this.#axes.set(s.axis, this.#place(s.value));
        return;
      case "array":
        this.#push({ ...s, values: s.values.map(placed) });
        return;
      case "store": {
        const value = placed(s.value);
        this.#push({ ...s, at: placed(s.at), value });
        return;
      }
      case "for": {
        const [start, end] = [placed(s.start), placed(s.end)];
        const body = this.scope(s.body, () => this.#variables.set(s.variable, this.#depth));
        this.#push({ ...s, start, end, body });
        return;
      }
      case "if": {
        const condition = placed(s.condition);
        const inner = (list: readonly Stmt[]): readonly Stmt[] => this.scope(list, () => {}, true);
        const [body, otherwise] = [inner(s.body), s.otherwise && inner(s.otherwise)];
        this.#push({ ...s, condition, body, ...(otherwise && { otherwise }) });
        return;
      }
      case "assign":
      case "share":
        throw new InternalError(`${s.kind} where names are given`);
      case "barrier":
      case "return":
        this.#push(s);
    }
  }

  #place(v: Value): Placed {
    for (const scope of this.#scopes) {
      const known = scope.known.get(v);
      if (known) return known;
    }
    const placed = this.#placed(v);
    must(this.#scopes[placed.depth], "scope").known.set(v, placed);
    return placed;
  }

  #placed(v: Value): Placed {
    switch (v.kind) {
      case "literal":
      case "uniform":
      case "builtin":
        return { value: v, depth: 0 };
      case "variable":
        return { value: v, depth: this.#variables.get(v) ?? 0 };
      case "index":
        return this.#index(v.index);
      case "fetch": {
        const { value, depth: known } = this.#index(v.at);
        // What the kernel overwrites is fetched by those alone who overwrite it: others would race with them.
        const depth = v.from.writable ? Math.max(known, this.#condition) : known;
        const { width } = v.type;
        const loaded =
          width > lanesOf(v.from) ? loadFrom(v.from, value, width) : codecOf(v.from).load(v.from, value);
        return this.#name(v.from.stem, { value: loaded, depth });
      }
      case "element":
        throw new InternalError("a number of a tensor whose vectors are not decided");
      case "named":
        return this.#name(v.stem, this.#place(v.of));
      default: {
        const parts = partsOf(v).map((p) => this.#place(p));
        const depth = Math.max(0, ...parts.map((p) => p.depth));
        return {
          value: withParts(
            v,
            parts.map((p) => p.value),
          ),
          depth,
        };
      }
    }
  }

  /** The name of a value, which it is given in the scope it belongs to. */
  #name(stem: string, { value, depth }: Placed): Placed {
    if (value.kind === "variable") return { value, depth };
    const scope = must(this.#scopes[depth], "scope");
    const known = scope.known.get(value);
    if (known?.value.kind === "variable") return known;
    const variable = newVariable(stem, value.type);
    this.#settle(value);
    this.#push({ kind: "let", variable, value }, depth);
    this.#variables.set(variable, depth);
    const named = { value: variable, depth };
    scope.known.set(value, named);
    return named;
  }

  #settle(v: Value): void {
    if (v.kind === "variable") this.#settled.add(v);
    else for (const part of partsOf(v)) this.#settle(part);
  }

  /** An index as i32. Parts that belong to outer scopes are named there. */
  #index(index: Index): Placed {
    const byDepth = new Map<number, { readonly coefficient: number; readonly value: Value }[]>();
    for (const { coefficient, atom } of byWeight(index)) {
      const { value, depth } = this.#atom(atom);
      const list = byDepth.get(depth) ?? [];
      list.push({ coefficient, value });
      byDepth.set(depth, list);
    }
    const depths = [...byDepth.keys()].sort((a, b) => a - b);
    let sum: Placed = { value: int(0), depth: 0 };
    depths.forEach((depth, i) => {
      const value = must(byDepth.get(depth), "terms").reduce(addTerm, sum.value);
      const single = value.kind === "variable" || value.kind === "negate";
      sum = single && i === depths.length - 1 ? { value, depth } : this.#name("i", { value, depth });
    });
    const { constant } = index;
    const value = constant < 0 ? binary("-", sum.value, int(-constant)) : plus(sum.value, int(constant));
    return { value, depth: sum.depth };
  }

  #atom(atom: Atom): Placed {
    if (atom.kind === "axis") return must(this.#axes.get(atom), `value of axis ${atom.name}`);
    if (atom.kind === "lookup") throw new InternalError("a number of a tensor that has no axis");
    // Integers are divided towards 0, indices down: a whole number of turns keeps what is divided at 0 or above.
    const turns = Math.max(0, Math.ceil(-rangeOf(atom.of).low / atom.by));
    const of = this.#index(add(atom.of, turns * atom.by));
    const by = int(atom.by);
    const value =
      atom.kind === "mod" ? binary("%", of.value, by) : binary("-", binary("/", of.value, by), int(turns));
    return this.#name("q", { value, depth: of.depth });
  }
}

function addTerm(
  sum: Value,
  { coefficient, value }: { readonly coefficient: number; readonly value: Value },
): Value {
  const empty = sum.kind === "literal";
  if (coefficient >= 0) return plus(sum, times(value, int(coefficient)));
  if (!empty) return binary("-", sum, times(value, int(-coefficient)));
  return coefficient === -1 ? negate(value) : times(value, int(coefficient));
}

/** The assignments that follow each other from a place on, none of which reads what another one changes. */
function assignmentsFrom(
  statements: readonly Stmt[],
  from: number,
): readonly Extract<Stmt, { kind: "assign" }>[] {
  const run: Extract<Stmt, { kind: "assign" }>[] = [];
  const changed = new Set<Value>();
  const reads = (v: Value): boolean => changed.has(v) || partsOf(v).some(reads);
  for (let i = from; ; i++) {
    const s = statements[i];
    if (s?.kind !== "assign" || changed.has(s.to) || reads(s.value)) return run;
    changed.add(s.to);
    run.push(s);
  }
}
