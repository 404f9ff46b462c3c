/** Constructors of a kernel's values, interned. They keep types right; what can be computed here is. */

import type { Dim, Size } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import { isBatch, isKnown, keyOf } from "../ir/type.ts";
import type {
  BinaryOp,
  Builtin,
  Fn,
  Memory,
  Scalar,
  UniformField,
  Value,
  ValueType,
  Variable,
  Width,
} from "../ir/value.ts";
import { FOREVER, Interned, nextId } from "./intern.ts";

const values = new Interned<Value>();
const types = new Map<string, ValueType>();

export function typeFor(scalar: Scalar, width: Width = 1): ValueType {
  const key = `${scalar}${width}`;
  const known = types.get(key) ?? { scalar, width };
  types.set(key, known);
  return known;
}

const F32 = typeFor("f32");
const I32 = typeFor("i32");
const U32 = typeFor("u32");

export function newVariable(stem: string, type: ValueType): Variable {
  return { kind: "variable", id: nextId(), stem, type };
}

export function newMemory(memory: Omit<Memory, "id">): Memory {
  return { id: nextId(), ...memory };
}

const key = (type: ValueType): string => `${type.scalar}${type.width}`;

function literalOf(type: ValueType, value: number): Value {
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  return values.get(FOREVER, `literal ${key(type)} ${text}`, (id) => ({ kind: "literal", id, type, value }));
}

export const int = (value: number): Value => literalOf(I32, value + 0); // integers know no −0
export const uint = (value: number): Value => literalOf(U32, value);
/** A number of f32. */
export const float = (value: number, width: Width = 1): Value => splat(literalOf(F32, value), width);

export function uniform(field: UniformField, slot = 0): Value {
  const type = field === "rates" ? F32 : U32;
  return values.get(FOREVER, `${field} ${slot}`, (id) => ({ kind: "uniform", id, type, field, slot }));
}

function sizeUniform(field: Size): Value {
  return values.get(FOREVER, `size ${keyOf(field)}`, (id) => ({
    kind: "uniform",
    id,
    type: U32,
    field,
    slot: 0,
  }));
}

export function builtin(name: Builtin): Value {
  return values.get(FOREVER, name, (id) => ({ kind: "builtin", id, type: U32, name }));
}

/** An element of an array as it lies there; of single numbers, `width` of them from a place on. */
export function loadFrom(from: Memory, at: Value, width = from.type.width): Value {
  const type = typeFor(from.type.scalar, width);
  return values.get(from, `load${width} ${at.id}`, (id) => ({ kind: "load", id, type, from, at }));
}

/** A number of a tensor, as what its codec gives. */
export function elementOf(from: Memory, at: Index, scalar: Scalar = "f32"): Value {
  const type = typeFor(scalar);
  return values.get(from, `element ${at.id}`, (id) => ({ kind: "element", id, type, from, at }));
}

/** How many of a tensor's numbers are fetched at once. */
export const lanesOf = ({ lanes, type }: Memory): Width => lanes ?? type.width;

/** What is fetched at once of a tensor's memory, as what its codec gives; of single numbers, `width` of them. */
export function fetchOf(from: Memory, at: Index, scalar: Scalar = "f32", width = lanesOf(from)): Value {
  const type = typeFor(scalar, width);
  return values.get(from, `fetch${width} ${at.id}`, (id) => ({ kind: "fetch", id, type, from, at }));
}

export function indexValue(index: Index): Value {
  if (index.terms.length === 0) return int(index.constant);
  return values.get(index, "index", (id) => ({ kind: "index", id, type: I32, index }));
}

export function negate(of: Value): Value {
  return values.get(of, "negate", (id) => ({ kind: "negate", id, type: of.type, of }));
}

const COMPARES: ReadonlySet<BinaryOp> = new Set(["<", ">=", "==", "!="]);

/** What a literal says, where it is one. */
const known = (v: Value): number | undefined =>
  v.kind === "literal" && v.type.scalar === "i32" ? v.value : undefined;

const FOLDS = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
};

/** Integers: what changes nothing is left out. */
export function binary(op: BinaryOp, left: Value, right: Value): Value {
  const [a, b] = [known(left), known(right)];
  if (a !== undefined && b !== undefined && op in FOLDS) return int(FOLDS[op as keyof typeof FOLDS](a, b));
  if (op === "+" && a === 0) return right;
  if ((op === "+" || op === "-") && b === 0) return left;
  if (op === "*" && (a === 0 || b === 1)) return left;
  if (op === "/" && b === 1) return left;
  if (op === "%" && b === 1) return int(0);
  if (left.type.scalar !== right.type.scalar && op !== ">>")
    throw new InternalError(`${left.type.scalar} ${op} ${right.type.scalar}`);
  const width = Math.max(left.type.width, right.type.width) as Width;
  const type = typeFor(COMPARES.has(op) ? "bool" : left.type.scalar, width);
  return values.get(left, `${op} ${right.id}`, (id) => ({ kind: "binary", id, type, op, left, right }));
}

export const plus = (a: Value, b: Value): Value => binary("+", a, b);
export const times = (a: Value, b: Value): Value => binary("*", a, b);
export const less = (a: Value, b: Value): Value => binary("<", a, b);
export const allOf = (conditions: readonly Value[]): Value | undefined => {
  const [first, ...rest] = conditions;
  return first && rest.reduce((a, b) => binary("&&", a, b), first);
};

/** Arguments and result are of one type. */
export function apply(fn: Fn, ...args: readonly Value[]): Value {
  const first = must(args[0], "argument");
  const rest = args.map((a) => a.id).join();
  return values.get(first, `${fn} ${rest}`, (id) => ({ kind: "call", id, type: first.type, fn, args }));
}

export const least = (a: Value, b: Value): Value => apply("min", a, b);

export function choose(condition: Value, then: Value, otherwise: Value): Value {
  const { type } = then;
  return values.get(condition, `select ${then.id} ${otherwise.id}`, (id) => ({
    kind: "select",
    id,
    type,
    condition,
    then,
    otherwise,
  }));
}

/** A vector of as many parts as it has components. */
export function compose(parts: readonly Value[]): Value {
  const first = must(parts[0], "component");
  if (parts.length === 1) return first;
  return vectorOf(first, parts, parts.length as Width);
}

/** The same in each component; what is that wide already stays. */
export function splat(of: Value, width: Width): Value {
  return of.type.width === width ? of : vectorOf(of, [of], width);
}

function vectorOf(first: Value, parts: readonly Value[], width: Width): Value {
  const type = typeFor(first.type.scalar, width);
  return values.get(first, `compose${width} ${parts.map((p) => p.id)}`, (id) => ({
    kind: "compose",
    id,
    type,
    parts,
  }));
}

/** As wide as the widest. */
export function sameWidth(list: readonly Value[]): readonly Value[] {
  const width = Math.max(...list.map((v) => v.type.width)) as Width;
  return list.map((v) => splat(v, width));
}

export function component(of: Value, lane: number): Value {
  const type = typeFor(of.type.scalar);
  if (of.type.width === 1) return of;
  return values.get(of, `component ${lane}`, (id) => ({ kind: "component", id, type, of, lane }));
}

export function convert(of: Value, scalar: Scalar): Value {
  const type = typeFor(scalar, of.type.width);
  if (of.type === type) return of;
  return values.get(of, `convert ${scalar}`, (id) => ({ kind: "convert", id, type, of }));
}

/** The f32 whose bits a u32 is. */
export function fromBits(of: Value): Value {
  return values.get(of, "bits", (id) => ({ kind: "bits", id, type: F32, of }));
}

export function broadcast(of: Value, lane: number): Value {
  return values.get(of, `broadcast ${lane}`, (id) => ({ kind: "broadcast", id, type: of.type, of, lane }));
}

export function randomValue(counter: Value, salt: number): Value {
  return values.get(counter, `random ${salt}`, (id) => ({ kind: "random", id, type: F32, counter, salt }));
}

/** What is a name or a number already stays. */
export function named(stem: string, of: Value): Value {
  if (of.kind === "variable" || of.kind === "named") return of;
  return values.get(of, `named ${stem}`, (id) => ({ kind: "named", id, type: of.type, stem, of }));
}

/** The number of examples, as i32. */
export const batchCount = (): Value => convert(uniform("n"), "i32");

/** A size of a tensor, as i32. */
export const sizeValue = (dim: Dim): Value =>
  isKnown(dim) ? int(dim) : isBatch(dim) ? batchCount() : convert(sizeUniform(dim), "i32");

/** The values that a value is made of. */
export function partsOf(v: Value): readonly Value[] {
  switch (v.kind) {
    case "variable":
    case "literal":
    case "uniform":
    case "builtin":
    case "index":
    case "element":
    case "fetch":
      return [];
    case "load":
      return [v.at];
    case "negate":
    case "component":
    case "convert":
    case "bits":
    case "broadcast":
    case "named":
      return [v.of];
    case "random":
      return [v.counter];
    case "binary":
      return [v.left, v.right];
    case "call":
      return v.args;
    case "select":
      return [v.condition, v.then, v.otherwise];
    case "compose":
      return v.parts;
  }
}

/** The same of other parts. */
export function withParts(v: Value, parts: readonly Value[]): Value {
  const old = partsOf(v);
  if (old.every((p, i) => p === parts[i])) return v;
  const [a, b, c] = parts;
  const first = must(a, "part");
  switch (v.kind) {
    case "load":
      return loadFrom(v.from, first, v.type.width);
    case "negate":
      return negate(first);
    case "component":
      return component(first, v.lane);
    case "convert":
      return convert(first, v.type.scalar);
    case "bits":
      return fromBits(first);
    case "broadcast":
      return broadcast(first, v.lane);
    case "named":
      return named(v.stem, first);
    case "random":
      return randomValue(first, v.salt);
    case "binary":
      return binary(v.op, first, must(b, "operand"));
    case "call":
      return apply(v.fn, ...parts);
    case "select":
      return choose(first, must(b, "value"), must(c, "value"));
    case "compose":
      return vectorOf(first, parts, v.type.width);
    default:
      return v;
  }
}
