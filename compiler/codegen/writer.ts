/** Turns index expressions into WGSL statements. */
import type { Team } from "../../contract/tuning.ts";
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, Load, Reduce, Substitution } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Storages } from "../ir/storage.ts";
import {
  alwaysInside,
  axesOf,
  constant,
  rangeOf,
  rowMajor,
  substitute as substituteIndex,
} from "../math/affine.ts";
import { freeAxes, substitute } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { codecs } from "../ops/codec.ts";
import { LOWEST, scalars, type Width, wgslType } from "../ops/scalar.ts";
import { type Bindings, type Element, roleOf } from "./bindings.ts";
import { floatLiteral, unparenthesised } from "./literal.ts";
import { Scopes, type Value } from "./scopes.ts";
import { type Accumulator, NOTHING, nestInBlocks, type Sum } from "./sums.ts";
import { combineParts, loopTogether } from "./team.ts";
import { combine, loaded, positionsOf, RANDOM } from "./values.ts";

/** Reductions with at most this many terms are written out. */
const UNROLL = 16;

export class Writer extends Scopes {
  readonly helpers = new Map<string, string>();
  readonly #bindings: Bindings;
  readonly storages: Storages;
  /** The axis whose positions are the components of a vector, if the kernel has one. */
  readonly lane: Axis | undefined;
  /** How the result's binding is spelt. */
  get result(): string {
    return this.#bindings.result;
  }

  /** A value as the result's binding holds it. */
  stored(text: string, width: Width): string {
    return codecs[this.#bindings.resultType].store(text, width);
  }

  /** Who shares reductions; set by the mapReduce skeleton. */
  together: { readonly team: Team; readonly workgroup: number } | undefined;

  /** How accumulator elements are spelt; set by the contraction skeleton. */
  accumulator: ((index: readonly Index[]) => Value) | undefined;

  constructor(bindings: Bindings, storages: Storages, lane: Axis | undefined) {
    super();
    this.storages = storages;
    this.#bindings = bindings;
    this.lane = lane;
  }

  /**
   * Whether all bounds hold, as a bool. All are looked at (`&`, not `&&`): a branch for each within a loop makes
   * SwiftShader take minutes, and gigabytes, to build a kernel of many accumulators.
   */
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
    const text = tests.length === 1 ? `${tests[0]?.text}` : tests.map((t) => `(${t.text})`).join(" & ");
    return this.named(`c:${text}@${depth}`, "inside", () => ({ text, width: 1, depth }));
  }

  /** The value of an expression; as a vector where it depends on the lane. */
  value(e: Expr): Value {
    switch (e.kind) {
      case "const":
        return { text: floatLiteral(e.value), width: 1, depth: 0 };
      case "batch":
        return { text: `f32(${this.batch().text})`, width: 1, depth: 0 };
      case "rate":
        this.usesBatch = true;
        this.usesRun = true;
        return { text: `batch.rates.${"xyzw"[e.slot]}`, width: 1, depth: 0 };
      case "random":
        return this.#random(e.counter, e.salt);
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
    return lane && indices.some((i) => axesOf(i).has(lane)) ? lane : undefined;
  }

  /** One value per lane, put together. */
  #perLane(lane: Axis, component: (at: Substitution) => Value): Value {
    const width = lane.extent as Width;
    const parts = Array.from({ length: width }, (_, l) => component(new Map([[lane, constant(l)]])));
    const text = `${wgslType(width)}(${parts.map((p) => p.text).join(", ")})`;
    return { text, width, depth: Math.max(...parts.map((p) => p.depth)) };
  }

  #position(index: Index): Value {
    const lane = this.#laneOf([index]);
    if (lane) return this.#perLane(lane, (at) => this.#position(substituteIndex(index, at)));
    const at = this.index(index);
    return { ...at, text: `f32(${at.text})` };
  }

  /** Uniform in [0, 1): a hash of counter, step, seed and salt (PCG; Jarzynski & Olano 2020, "Hash functions for GPU rendering"). */
  #random(counter: Index, salt: number): Value {
    const lane = this.#laneOf([counter]);
    if (lane) return this.#perLane(lane, (at) => this.#random(substituteIndex(counter, at), salt));
    this.usesBatch = true;
    this.usesRun = true;
    this.helpers.set("random", RANDOM);
    const at = this.index(counter);
    return this.named(`random${salt}:${at.text}`, "random", () => ({
      text: `random(u32(${at.text}), ${salt}u)`,
      width: 1,
      depth: at.depth,
    }));
  }

  #load(e: Load): Value {
    const fixed = this.#fixed(e);
    if (fixed) return this.#literal(e, fixed);
    const at = address(e.from, e.index, this.storages);
    const lane = this.#laneOf([at]);
    const binding = this.#bindings.read(e.from);
    if (binding.type === "u8")
      return lane ? this.#perLane(lane, (l) => this.#byte(e, l)) : this.#byte(e, new Map());
    if (!lane) return this.#element(e.from, at);
    const addresses = Array.from({ length: lane.extent as number }, (_, l) =>
      substituteIndex(at, new Map([[lane, constant(l)]])),
    );
    this.#bindings.noteVector(e.from, addresses);
    const whole = this.#bindings.wholeVector(e.from, addresses);
    const key = `v:${binding.name}[${at.id}]`;
    if (whole) {
      return this.named(key, binding.element, () => this.#fetched(e.from, whole));
    }
    return this.named(key, binding.element, () =>
      this.#perLane(lane, (l) => this.#element(e.from, substituteIndex(at, l))),
    );
  }

  /** The numbers that a load of a baked parameter gives, by lane; undefined where its address is not a constant. */
  #fixed(e: Load): readonly number[] | undefined {
    const values = this.storages.get(e.from)?.values;
    if (!values) return undefined;
    const at = rowMajor(e.index, e.from.type.shape);
    const lane = this.#laneOf([at]);
    const lanes = Array.from({ length: lane ? Number(lane.extent) : 1 }, (_, l) =>
      lane ? substituteIndex(at, new Map([[lane, constant(l)]])) : at,
    );
    // What lies outside is discarded by a guard.
    return lanes.every((i) => i.terms.length === 0) ? lanes.map((i) => values[i.constant] ?? 0) : undefined;
  }

  /** A variable that holds numbers: WGSL refuses a formula of literals alone whose value is not finite. */
  #literal(e: Load, numbers: readonly number[]): Value {
    const [first = 0] = numbers;
    const width = numbers.length as Width; // a lane's extent, or 1
    return this.named(`k:${e.id}`, roleOf(e.from), () => ({
      text:
        width === 1
          ? floatLiteral(first)
          : `${wgslType(width)}(${numbers.map((n) => unparenthesised(floatLiteral(n))).join(", ")})`,
      width,
      depth: 0,
    }));
  }

  /** An element of a data set's row: the byte of a word. */
  #byte(e: Load, lane: Substitution): Value {
    const [n, ...rest] = e.index.map((i) => substituteIndex(i, lane));
    const [, ...inner] = e.from.type.shape;
    const binding = this.#bindings.read(e.from);
    const { name, element } = binding;
    this.usesBatch = true;
    this.usesRun = true;
    const row = this.named(`row:${n?.id}`, "row", () => {
      const at = this.index(must(n, "batch index"));
      return {
        text: `i32(${this.#bindings.order}[i32(batch.offset) + ${at.text}])`,
        width: 1,
        depth: at.depth,
      };
    });
    const size = inner.reduce<number>((a, d) => a * Number(d), 1);
    const place = this.index(rowMajor([constant(0), ...rest], e.from.type.shape));
    return this.named(`b:${name}[${row.text},${place.text}]`, element, () => {
      const depth = Math.max(row.depth, place.depth);
      const at = this.named(`at:${row.text}*${size}+${place.text}`, "i", () => ({
        text: `${row.text} * ${size} + ${place.text}`,
        width: 1,
        depth,
      }));
      return loaded(binding, { ...at, depth });
    });
  }

  /** One element; where the binding holds vectors, a component of one. */
  #element(from: Node, address: Index): Value {
    this.#bindings.note(from, address);
    const { name, element: stem } = this.#bindings.read(from);
    const { element, component } = this.#located(from, address);
    const vector = this.named(`l:${name}[${element.id}]`, stem, () => ({
      ...this.#fetched(from, element),
      width: 1,
    }));
    return component === undefined ? vector : { ...vector, text: `${vector.text}.${component}` };
  }

  #located(from: Node, address: Index): { readonly element: Index; readonly component: string | undefined } {
    const { element, component } = this.#bindings.locate(from, address);
    // Where a window hangs over the edge, products are formed that a guard discards; their addresses stay legal.
    return { element: rangeOf(element).high < 0 ? constant(0) : element, component };
  }

  /** The array elements that a load reads, for others to fetch: of what is baked none, of a word's bytes each its own. */
  elementsOf(e: Load): readonly Element[] {
    if (this.#fixed(e) || this.#bindings.read(e.from).type === "u8") return [];
    const at = address(e.from, e.index, this.storages);
    const lane = this.#laneOf([at]);
    if (!lane) return [{ from: e.from, at: this.#located(e.from, at).element }];
    const lanes = Array.from({ length: lane.extent as number }, (_, l) =>
      substituteIndex(at, new Map([[lane, constant(l)]])),
    );
    const whole = this.#bindings.wholeVector(e.from, lanes);
    if (whole) return [{ from: e.from, at: whole }];
    return lanes.map((a) => ({ from: e.from, at: this.#located(e.from, a).element }));
  }

  /** Loads an array element into a variable. */
  loadElement(from: Node, element: Index): Value {
    const binding = this.#bindings.read(from);
    return this.named(`f:${binding.name}[${element.id}]`, binding.element, () =>
      loaded(binding, this.index(element)),
    );
  }

  /** Tells an element from others: its binding and its place in it. */
  elementKey({ from, at }: Element): string {
    return `${this.#bindings.read(from).name}[${at.id}]`;
  }

  /** From now on, in this scope, an element is what another thread handed over. */
  hand({ from, at }: Element, value: Value): void {
    this.remember(`h:${this.elementKey({ from, at })}`, value);
  }

  #fetched(from: Node, element: Index): Value {
    const binding = this.#bindings.read(from);
    return this.lookup(`h:${this.elementKey({ from, at: element })}`) ?? loaded(binding, this.index(element));
  }

  #call(e: Extract<Expr, { kind: "call" }>): Value {
    const known = this.lookup(e);
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
      this.helpers.set(name, def.helper(wgslType(width), wgslType(width, "u32")).replaceAll("NAME", name));
    }
    const value = { text, width, depth };
    const worthNaming = def.cost === "transcendental" || text.length > 60;
    return worthNaming ? this.named(e, "v", () => value) : value;
  }

  #guard(e: Extract<Expr, { kind: "guard" }>): Value {
    const lane = this.#laneOf(e.bounds.map((b) => b.index));
    if (lane) {
      return this.named(e, "v", () => this.#perLane(lane, (at) => this.value(substitute(e, at))));
    }
    const condition = this.#condition(e.bounds);
    const [then, otherwise] = [this.value(e.then), this.value(e.otherwise)];
    const width = Math.max(then.width, otherwise.width) as Width;
    const wide = (v: Value): string => (v.width === width ? v.text : `${wgslType(width)}(${v.text})`);
    const depth = Math.max(condition.depth, then.depth, otherwise.depth);
    const text = `select(${wide(otherwise)}, ${wide(then)}, ${condition.text})`;
    return this.named(e, "v", () => ({ text, width, depth }));
  }

  /** A reduction inside the body: written out if short, else loops with an accumulator variable. */
  #reduce(e: Reduce): Value {
    const known = this.lookup(e);
    if (known) return known;
    const count = e.axes.reduce((a, x) => a * (x.extent === "N" ? Number.POSITIVE_INFINITY : x.extent), 1);
    if (count <= UNROLL) {
      const terms = positionsOf(e.axes).map((at) => this.value(substitute(e.body, at)));
      return this.named(e, "r", () => combine(e.op, terms));
    }
    const depth = this.#depthOf(e);
    const lane = this.lane;
    const width = lane && freeAxes(e).has(lane) ? (lane.extent as Width) : 1;
    const name = this.name(e.op);
    const start = e.op === "sum" ? 0 : e.op === "max" ? LOWEST : -LOWEST;
    const [type, first] = [wgslType(width), floatLiteral(start)];
    // Within a loop the members of a team are apart: there each adds up by itself.
    const together = depth === 0 ? this.together : undefined;
    const sum: Sum = e.op === "sum" ? { into: [{ name, width }], each: 1, levels: 2 } : NOTHING;
    const addUp = (term: Value, into: readonly Accumulator[]): void => {
      const text = term.width === width ? term.text : `${type}(${term.text})`;
      const [part] = into;
      this.push(
        part
          ? { kind: "assign", target: part.name, op: "+=", value: text }
          : { kind: "assign", target: name, op: "=", value: `${e.op}(${name}, ${text})` },
      );
    };
    this.at(depth, () => {
      this.push({ kind: "var", name, value: width === 1 ? first : `${type}(${first})` });
      if (together) {
        const { team, workgroup } = together;
        loopTogether(this, e.axes, team, sum, (at, into) => addUp(this.value(substitute(e.body, at)), into));
        combineParts(this, e.op, [{ name, width }], team, workgroup);
      } else nestInBlocks(this, e.axes, sum, (into) => addUp(this.value(e.body), into));
    });
    const value = { text: name, width, depth } as const;
    this.remember(e, value);
    return value;
  }

  /** The innermost scope among the variables an expression depends on. */
  #depthOf(e: Expr): number {
    const depths = [...freeAxes(e)].filter((a) => a !== this.lane).map((a) => this.depthOf(a));
    return Math.max(0, ...depths);
  }

  /** A condition that guards a store; undefined where it always holds. */
  condition(bounds: readonly Bound[]): string | undefined {
    const open = bounds.filter((b) => !alwaysInside(b));
    return open.length > 0 ? this.#condition(open).text : undefined;
  }
}
