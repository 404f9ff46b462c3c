/**
 * Turns index expressions into WGSL statements. Every computed value is named once, in the outermost scope that
 * knows the variables it depends on: one rule that gives common-subexpression elimination and loop-invariant
 * code motion together.
 */

import { InternalError, must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, Load, Reduce } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Layouts } from "../ir/kernel.ts";
import type { Stmt } from "../ir/stmt.ts";
import {
  add,
  alwaysInside,
  axesOf,
  constant,
  rangeOf,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { scalars, type Width, wgslType } from "../ops/scalar.ts";
import { LOWEST } from "../ops/window.ts";
import type { Bindings } from "./bindings.ts";

/** A WGSL expression and what it is. */
export interface Value {
  readonly text: string;
  readonly width: Width;
  /** The innermost scope it depends on. */
  readonly depth: number;
}

interface Scope {
  readonly statements: Stmt[];
  readonly known: Map<string, Value>;
}

/** Reductions with at most this many terms are written out. */
const UNROLL = 16;

export class Writer {
  #scopes: Scope[] = [{ statements: [], known: new Map() }];
  readonly #axes = new Map<string, { readonly name: string; readonly depth: number }>();
  readonly #counters = new Map<string, number>();
  /** Every local name given so far: the names of bindings must differ. */
  readonly names = new Set<string>();
  readonly helpers = new Map<string, string>();
  readonly #bindings: Bindings;
  /** The axis whose positions are the components of a vector, if the kernel has one. */
  readonly lane: Axis | undefined;
  /** How accumulator elements are spelt; set by the contraction skeleton. */
  accumulator: ((index: readonly Index[]) => Value) | undefined;
  usesBatch = false;

  readonly layouts: Layouts;

  constructor(bindings: Bindings, layouts: Layouts, lane: Axis | undefined) {
    this.layouts = layouts;
    this.#bindings = bindings;
    this.lane = lane;
  }

  get depth(): number {
    return this.#scopes.length - 1;
  }

  /** The statements written so far, the outermost scope's. */
  get statements(): readonly Stmt[] {
    return must(this.#scopes[0], "scope").statements;
  }

  /** A name that is not used yet: `acc0`, `acc1`, … */
  name(stem: string): string {
    const n = this.#counters.get(stem) ?? 0;
    this.#counters.set(stem, n + 1);
    const name = /\d$/.test(stem) ? `${stem}_${n}` : `${stem}${n}`;
    this.names.add(name);
    return name;
  }

  push(statement: Stmt, depth = this.depth): void {
    must(this.#scopes[depth], "scope").statements.push(statement);
  }

  /** Declares that an axis is the variable `name`, known from the current scope on. */
  declare(axis: Axis, name: string): void {
    this.#axes.set(axis.key, { name, depth: this.depth });
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
    const end = axis.extent === "N" ? this.batch().text : `${axis.extent}`;
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
  #at<T>(depth: number, body: () => T): T {
    const inner = this.#scopes.splice(depth + 1);
    try {
      return body();
    } finally {
      this.#scopes.splice(depth + 1, this.#scopes.length, ...inner);
    }
  }

  #lookup(key: string): Value | undefined {
    for (const scope of this.#scopes) {
      const value = scope.known.get(key);
      if (value) return value;
    }
    return undefined;
  }

  /** Names a value in the scope it belongs to, once. */
  #named(key: string, stem: string, make: () => Value): Value {
    const known = this.#lookup(key);
    if (known) return known;
    const value = make();
    const name = this.name(stem);
    this.push({ kind: "let", name, value: value.text }, value.depth);
    const result = { ...value, text: name };
    must(this.#scopes[value.depth], "scope").known.set(key, result);
    return result;
  }

  // ------------------------------------------------------------------------------------------ indices

  /** An index as i32. Parts that belong to outer scopes are named there. */
  index(index: Index): Value {
    const byDepth = new Map<number, string[]>();
    for (const { coefficient, atom } of index.terms) {
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
      value = simple && i === depths.length - 1 ? sum : this.#named(`i:${sum.text}@${depth}`, "i", () => sum);
    });
    if (value.text === "") return { text: `${index.constant}`, width: 1, depth: 0 };
    if (index.constant === 0) return value;
    const sign = index.constant < 0 ? "-" : "+";
    return { ...value, text: `${value.text} ${sign} ${Math.abs(index.constant)}` };
  }

  #atom(atom: Index["terms"][number]["atom"]): Value {
    if (atom.kind === "axis") {
      const variable = this.#axes.get(atom.key);
      if (!variable) throw new InternalError(`axis ${atom.axis.name} has no variable here`);
      return { text: variable.name, width: 1, depth: variable.depth };
    }
    // WGSL's / and % round towards 0, ours down: a whole number of turns keeps what is divided at 0 or above.
    const turns = Math.max(0, Math.ceil(-rangeOf(atom.of).low / atom.by));
    const of = this.index(add(atom.of, turns * atom.by));
    const back = atom.kind === "div" && turns > 0 ? ` - ${turns}` : "";
    const text = `(${of.text}) ${atom.kind === "div" ? "/" : "%"} ${atom.by}${back}`;
    return this.#named(`q:${text}`, "q", () => ({ text, width: 1, depth: of.depth }));
  }

  /** Whether all bounds hold, as a bool. */
  #condition(bounds: readonly Bound[]): Value {
    const tests: Value[] = [];
    for (const { index, extent } of bounds) {
      const { low, high } = rangeOf(index);
      const at = this.index(index);
      if (low < 0) tests.push({ ...at, text: `${at.text} >= 0` });
      if (extent === "N") tests.push({ ...at, text: `${at.text} < ${this.batch().text}` });
      else if (high >= extent) tests.push({ ...at, text: `${at.text} < ${extent}` });
    }
    const depth = Math.max(0, ...tests.map((t) => t.depth));
    const text = tests.map((t) => t.text).join(" && ");
    return this.#named(`c:${text}@${depth}`, "inside", () => ({ text, width: 1, depth }));
  }

  // ------------------------------------------------------------------------------------------- values

  /** The value of an expression; as a vector where it depends on the lane. */
  value(e: Expr): Value {
    switch (e.kind) {
      case "const":
        return { text: floatLiteral(e.value), width: 1, depth: 0 };
      case "batch":
        return { text: `f32(${this.batch().text})`, width: 1, depth: 0 };
      case "position":
        return this.#position(e.index);
      case "load":
        return this.#load(e);
      case "acc":
        return must(this.accumulator, "accumulator")(e.index);
      case "call":
        return this.#call(e);
      case "guard":
        return this.#guard(e);
      case "reduce":
        return this.#reduce(e);
    }
  }

  #laneOf(indices: readonly Index[]): Axis | undefined {
    const lane = this.lane;
    return lane && indices.some((i) => axesOf(i).has(lane.key)) ? lane : undefined;
  }

  /** One value per lane, put together. */
  #perLane(lane: Axis, component: (at: ReadonlyMap<string, Index>) => Value): Value {
    const width = lane.extent as Width;
    const parts = Array.from({ length: width }, (_, l) => component(new Map([[lane.key, constant(l)]])));
    const text = `${wgslType(width)}(${parts.map((p) => p.text).join(", ")})`;
    return { text, width, depth: Math.max(...parts.map((p) => p.depth)) };
  }

  #position(index: Index): Value {
    const lane = this.#laneOf([index]);
    if (lane) return this.#perLane(lane, (at) => this.#position(substituteIndex(index, at)));
    const at = this.index(index);
    return { ...at, text: `f32(${at.text})` };
  }

  #load(e: Load): Value {
    const at = address(e.from, e.index, this.layouts);
    const lane = this.#laneOf([at]);
    const binding = this.#bindings.read(e.from);
    if (!lane) return this.#element(e.from, at);
    const addresses = Array.from({ length: lane.extent as number }, (_, l) =>
      substituteIndex(at, new Map([[lane.key, constant(l)]])),
    );
    this.#bindings.noteVector(e.from, addresses);
    const whole = this.#bindings.wholeVector(e.from, addresses);
    const key = `v:${binding.name}[${at.key}]`;
    if (whole) {
      return this.#named(key, binding.element, () => {
        const at = this.index(whole);
        return { text: `${binding.name}[${at.text}]`, width: addresses.length as Width, depth: at.depth };
      });
    }
    return this.#named(key, binding.element, () =>
      this.#perLane(lane, (l) => this.#element(e.from, substituteIndex(at, l))),
    );
  }

  /** One element; where the binding holds vectors, a component of one. */
  #element(from: Node, address: Index): Value {
    this.#bindings.note(from, address);
    const { name, element: stem } = this.#bindings.read(from);
    const { element, component } = this.#bindings.locate(from, address);
    const vector = this.#named(`l:${name}[${element.key}]`, stem, () => {
      const at = this.index(element);
      return { text: `${name}[${at.text}]`, width: 1, depth: at.depth };
    });
    return component === undefined ? vector : { ...vector, text: `${vector.text}.${component}` };
  }

  #call(e: Extract<Expr, { kind: "call" }>): Value {
    const known = this.#lookup(e.key);
    if (known) return known;
    const def = scalars[e.fn];
    const args = e.args.map((a) => this.value(a));
    const width = Math.max(...args.map((a) => a.width)) as Width;
    const depth = Math.max(...args.map((a) => a.depth));
    const mixes = e.fn === "add" || e.fn === "sub" || e.fn === "mul" || e.fn === "div";
    const texts = args.map((a) => (a.width === width || mixes ? a.text : `${wgslType(width)}(${a.text})`));
    const text = def.wgsl(texts, width);
    if (def.helper) {
      const name = must(text.split("(")[0], "helper name");
      this.helpers.set(name, def.helper(wgslType(width)).replaceAll("NAME", name));
    }
    const value = { text, width, depth };
    const worthNaming = def.cost === "transcendental" || text.length > 60;
    return worthNaming ? this.#named(e.key, "v", () => value) : value;
  }

  #guard(e: Extract<Expr, { kind: "guard" }>): Value {
    const lane = this.#laneOf(e.bounds.map((b) => b.index));
    if (lane) {
      return this.#named(e.key, "v", () => this.#perLane(lane, (at) => this.value(substitute(e, at))));
    }
    const condition = this.#condition(e.bounds);
    const [then, otherwise] = [this.value(e.then), this.value(e.otherwise)];
    const width = Math.max(then.width, otherwise.width) as Width;
    const wide = (v: Value): string => (v.width === width ? v.text : `${wgslType(width)}(${v.text})`);
    const depth = Math.max(condition.depth, then.depth, otherwise.depth);
    const text = `select(${wide(otherwise)}, ${wide(then)}, ${condition.text})`;
    return this.#named(e.key, "v", () => ({ text, width, depth }));
  }

  /** A reduction inside the body: written out if short, else loops with an accumulator variable. */
  #reduce(e: Reduce): Value {
    const known = this.#lookup(e.key);
    if (known) return known;
    const count = e.axes.reduce((a, x) => a * (x.extent === "N" ? Number.POSITIVE_INFINITY : x.extent), 1);
    if (count <= UNROLL) {
      const terms = positionsOf(e.axes).map((at) => this.value(substitute(e.body, at)));
      return this.#named(e.key, "r", () => combine(e.op, terms));
    }
    const depth = this.#depthOf(e);
    const lane = this.lane;
    const width = lane && freeAxes(e).has(lane.key) ? (lane.extent as Width) : 1;
    const name = this.name(e.op);
    const start = e.op === "sum" ? 0 : e.op === "max" ? LOWEST : -LOWEST;
    const [type, first] = [wgslType(width), floatLiteral(start)];
    this.#at(depth, () => {
      this.push({ kind: "var", name, value: width === 1 ? first : `${type}(${first})` });
      this.#loops(e.axes, () => {
        const body = this.value(e.body);
        const term = body.width === width ? body.text : `${type}(${body.text})`;
        this.push(
          e.op === "sum"
            ? { kind: "assign", target: name, op: "+=", value: term }
            : { kind: "assign", target: name, op: "=", value: `${e.op}(${name}, ${term})` },
        );
      });
    });
    const value = { text: name, width, depth } as const;
    must(this.#scopes[depth], "scope").known.set(e.key, value);
    return value;
  }

  #loops(axes: readonly Axis[], body: () => void): void {
    const [axis, ...rest] = axes;
    if (axis === undefined) body();
    else this.loop(axis, () => this.#loops(rest, body));
  }

  /** The innermost scope among the variables an expression depends on. */
  #depthOf(e: Expr): number {
    const depths = [...freeAxes(e).keys()]
      .filter((k) => k !== this.lane?.key)
      .map((k) => this.#axes.get(k)?.depth ?? 0);
    return Math.max(0, ...depths);
  }

  /** A condition that guards a store; undefined where it always holds. */
  condition(bounds: readonly Bound[]): string | undefined {
    const open = bounds.filter((b) => !alwaysInside(b));
    return open.length > 0 ? this.#condition(open).text : undefined;
  }

  helperText(): readonly string[] {
    return [...this.helpers.values()];
  }
}

/** All positions of a product of small axes, in row-major order. */
export function positionsOf(axes: readonly Axis[]): readonly ReadonlyMap<string, Index>[] {
  let all: ReadonlyMap<string, Index>[] = [new Map()];
  for (const axis of axes) {
    const extent = axis.extent as number; // callers pass axes of known, small extent
    all = all.flatMap((at) =>
      Array.from({ length: extent }, (_, i) => new Map([...at, [axis.key, constant(i)]])),
    );
  }
  return all;
}

/** a + b + c, or max(max(a, b), c). */
export function combine(op: Reduce["op"], terms: readonly Value[]): Value {
  const depth = Math.max(...terms.map((t) => t.depth));
  const width = Math.max(...terms.map((t) => t.width)) as Width;
  const wide = terms.map((t) => (t.width === width ? t.text : `${wgslType(width)}(${t.text})`));
  const text = op === "sum" ? `(${wide.join(" + ")})` : wide.reduce((a, b) => `${op}(${a}, ${b})`);
  return { text, width, depth };
}

/** A WGSL f32 literal that reads back as the same f32. */
export function floatLiteral(value: number): string {
  const v = Math.fround(value);
  if (!Number.isFinite(v)) throw new InternalError(`${value} has no WGSL literal`);
  const text = Object.is(v, -0) ? "-0.0" : shortest(v);
  const full = /[.e]/.test(text) ? text : `${text}.0`;
  return v < 0 || Object.is(v, -0) ? `(${full})` : full;
}

/** The fewest digits that give the same f32. */
function shortest(v: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = v.toPrecision(digits);
    const inRange = Math.abs(Number(text)) <= 3.4028234663852886e38; // rounding up past the largest f32 is an error
    if (inRange && Math.fround(Number(text)) === v) return `${Number(text)}`;
  }
  return `${v}`;
}
