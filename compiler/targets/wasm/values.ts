/**
 * Values as instructions. A single number is one of i32 or f32 on the stack (truth is 0 or 1); two or four are a v128 whose
 * first lanes they are (truth is a lane of ones).
 */
import { InternalError, must } from "../../errors.ts";
import type { BinaryOp, Fn, Scalar, UniformField, Value, ValueType, Variable } from "../../ir/value.ts";
import { partsOf } from "../../math/value.ts";
import { areNeighbours, loadedPlace, type Place, placeOf } from "./address.ts";
import {
  access,
  bitsConst,
  type Code,
  extractFloat,
  extractInt,
  floatConst,
  get,
  intConst,
  intVectorConst,
  type Local,
  set,
  spread,
  tee,
  vectorConst,
} from "./code.ts";
import { functionOf, inlined } from "./functions.ts";
import { control, f32, f32x4, i32, i32x4, type ValType, v128 } from "./opcodes.ts";

/** What values are computed in. */
export interface Surroundings {
  variable(v: Variable): Code;
  /** The same in each lane of a vector. */
  spreadVariable(v: Variable): Code;
  uniform(field: UniformField, slot: number): Code;
  builtin(name: "group" | "local"): Code;
  /** The address of a place in bytes, apart from an offset. */
  address(place: Place): { readonly code: Code; readonly offset: number };
  /** A local that nothing else uses. */
  temporary(type: ValType): Local;
  random(counter: Code, salt: number): Code;
}

const isWhole = (scalar: Scalar): boolean => scalar === "i32" || scalar === "u32" || scalar === "bool";

type Instruction = readonly number[];
type Table = Readonly<Partial<Record<BinaryOp, Instruction>>>;

const FLOAT: Table = {
  "+": f32.add,
  "-": f32.sub,
  "*": f32.mul,
  "/": f32.div,
  "<": f32.lt,
  ">=": f32.ge,
  "==": f32.eq,
  "!=": f32.ne,
};
const SIGNED: Table = {
  "+": i32.add,
  "-": i32.sub,
  "*": i32.mul,
  "/": i32.divS,
  "%": i32.remS,
  "<": i32.ltS,
  ">=": i32.geS,
  "==": i32.eq,
  "!=": i32.ne,
  "&": i32.and,
  "&&": i32.and,
  ">>": i32.shrS,
};
const UNSIGNED: Table = {
  ...SIGNED,
  "/": i32.divU,
  "%": i32.remU,
  "<": i32.ltU,
  ">=": i32.geU,
  ">>": i32.shrU,
};
const FLOATS: Table = {
  "+": f32x4.add,
  "-": f32x4.sub,
  "*": f32x4.mul,
  "/": f32x4.div,
  "<": f32x4.lt,
  ">=": f32x4.ge,
  "==": f32x4.eq,
  "!=": f32x4.ne,
};
const WHOLES: Table = {
  "+": i32x4.add,
  "-": i32x4.sub,
  "*": i32x4.mul,
  "<": i32x4.ltS,
  ">=": i32x4.geS,
  "==": i32x4.eq,
  "!=": i32x4.ne,
  "&": v128.and,
  "&&": v128.and,
};
const UNSIGNED_WHOLES: Table = { ...WHOLES, "<": i32x4.ltU, ">=": i32x4.geU };

function instruction(op: BinaryOp, { scalar, width }: ValueType): Instruction | undefined {
  if (width === 1) return (scalar === "u32" ? UNSIGNED : isWhole(scalar) ? SIGNED : FLOAT)[op];
  return (scalar === "u32" ? UNSIGNED_WHOLES : isWhole(scalar) ? WHOLES : FLOATS)[op];
}

/** Functions that are instructions: of one number, and of four. */
const CALLS: Readonly<Partial<Record<Fn, readonly [Instruction, Instruction]>>> = {
  abs: [f32.abs, f32x4.abs],
  ceil: [f32.ceil, f32x4.ceil],
  floor: [f32.floor, f32x4.floor],
  round: [f32.nearest, f32x4.nearest],
  sqrt: [f32.sqrt, f32x4.sqrt],
};

/** The instructions that leave a value on the stack. */
export function codeOf(v: Value, around: Surroundings): Code {
  const code = (part: Value): Code => codeOf(part, around);
  const { width, scalar } = v.type;
  switch (v.kind) {
    case "variable":
      return around.variable(v);
    case "literal":
      return isWhole(scalar) ? intConst(v.value) : floatConst(v.value);
    case "uniform":
      return around.uniform(v.field, v.slot);
    case "builtin":
      return around.builtin(v.name);
    case "load":
      return loaded(placeOf(v.from, v.at), v.type, around);
    case "negate":
      if (isWhole(scalar))
        return width === 1 ? [...intConst(0), ...code(v.of), ...i32.sub] : [...code(v.of), ...i32x4.neg];
      return [...code(v.of), ...(width === 1 ? f32.neg : f32x4.neg)];
    case "binary":
      return binary(v, around);
    case "call":
      return call(v, around);
    case "select": {
      const [then, otherwise] = [v.then, v.otherwise].map((p) => asWide(p, width, around));
      if (v.condition.type.width === 1)
        return [...must(then, "value"), ...must(otherwise, "value"), ...code(v.condition), control.select];
      return [...must(then, "value"), ...must(otherwise, "value"), ...code(v.condition), ...v128.bitselect];
    }
    case "compose":
      return composed(v, around);
    case "component": {
      const place = loadedPlace(v);
      if (place) return loaded(place, v.type, around);
      return [...code(v.of), ...componentOf(scalar, v.lane)];
    }
    case "convert":
      return [...code(v.of), ...conversion(v.of.type, v.type)];
    case "bits":
      return [...code(v.of), ...(width === 1 ? f32.reinterpret : [])];
    case "random":
      return around.random(code(v.counter), v.salt);
    case "broadcast":
      throw new InternalError("WebAssembly has no subgroups");
    case "named":
    case "index":
    case "element":
    case "fetch":
      throw new InternalError(`a value that passes leave behind: ${v.kind}`);
  }
}

/** A value as wide as another one: single numbers in each lane. */
export function asWide(v: Value, width: number, around: Surroundings): Code {
  if (width === 1 || v.type.width > 1) return codeOf(v, around);
  if (v.kind === "variable") return around.spreadVariable(v);
  if (v.kind === "literal")
    return isWhole(v.type.scalar) ? bitsConst(v.value) : vectorConst([v.value, v.value, v.value, v.value]);
  const place = loadedPlace(v);
  if (place) {
    const { code, offset } = around.address(place);
    return [...code, ...v128.load32Splat, ...access(2, offset)];
  }
  if (v.kind === "component") {
    // A shuffle is of two vectors.
    const local = around.temporary("v128");
    return [...codeOf(v.of, around), ...tee(local), ...get(local), ...spread(v.lane)];
  }
  return [...codeOf(v, around), ...splatOf(v.type.scalar)];
}

/** A single number on the stack, in each lane. Truth becomes a lane of ones. */
export function splatOf(scalar: Scalar): Code {
  if (scalar === "bool") return [...i32x4.splat, ...i32x4.neg];
  return isWhole(scalar) ? i32x4.splat : f32x4.splat;
}

/** A lane of a vector on the stack, as a single number. */
function componentOf(scalar: Scalar, lane: number): Code {
  if (scalar === "bool") return [...extractInt(lane), ...intConst(1), ...i32.and];
  return isWhole(scalar) ? extractInt(lane) : extractFloat(lane);
}

function loaded(place: Place, { scalar, width }: ValueType, around: Surroundings): Code {
  if (scalar === "f16") throw new InternalError("WebAssembly has no f16");
  const { code, offset } = around.address(place);
  if (width === 4) return [...code, ...v128.load, ...access(2, offset)];
  if (width === 2) return [...code, ...v128.load64Zero, ...access(2, offset)];
  return [...code, ...(isWhole(scalar) ? i32.load : f32.load), ...access(2, offset)];
}

function binary(v: Extract<Value, { kind: "binary" }>, around: Surroundings): Code {
  const { op, left, right } = v;
  const width = Math.max(left.type.width, right.type.width);
  const type = { scalar: left.type.scalar, width } as ValueType;
  const found = instruction(op, type);
  if (found) return [...asWide(left, width, around), ...asWide(right, width, around), ...found];
  // Lanes that differ in how far they are shifted.
  if (op === ">>" && width > 1 && right.kind === "compose" && right.parts.every((p) => p.kind === "literal"))
    return lanewise(v.type.width, (lane) => [
      ...codeOf(left, around),
      ...extractInt(lane),
      ...codeOf(must(right.parts[right.parts.length === 1 ? 0 : lane], "part"), around),
      ...(left.type.scalar === "u32" ? i32.shrU : i32.shrS),
    ]);
  throw new InternalError(`WebAssembly has no ${op} of ${type.scalar}, ${width} at once`);
}

/** A vector of whole numbers that are computed one by one. */
function lanewise(width: number, make: (lane: number) => Code): Code {
  const lanes = Array.from({ length: width }, (_, i) => [
    ...make(i),
    ...(i === 0 ? i32x4.splat : [...i32x4.replace, i]),
  ]);
  return lanes.flat();
}

function call({ fn, args, type }: Extract<Value, { kind: "call" }>, around: Surroundings): Code {
  const { width, scalar } = type;
  const operands = (list: readonly Value[], wide: number = width): Code =>
    list.flatMap((arg) => asWide(arg, wide, around));
  if (fn === "clamp") {
    const [x, low, high] = args.map((arg) => [arg]);
    const [lower, upper] = (["max", "min"] as const).map((which) => bound(which, type, around));
    return [
      ...operands([...(x ?? []), ...(low ?? [])]),
      ...(lower ?? []),
      ...operands(high ?? []),
      ...(upper ?? []),
    ];
  }
  if (fn === "min" || fn === "max") {
    // Where a bound is known to be a number, the quick instruction lets NaN pass, too: it gives its first operand then.
    const known = width > 1 && scalar === "f32" && args.some(isKnown);
    const quick = fn === "min" ? f32x4.pmin : f32x4.pmax;
    return known
      ? [...operands(args.toSorted((a, b) => Number(isKnown(a)) - Number(isKnown(b)))), ...quick]
      : [...operands(args), ...bound(fn, type, around)];
  }
  if (isWhole(scalar)) throw new InternalError(`WebAssembly has no ${fn} of ${scalar}`);
  const instructions = CALLS[fn];
  if (instructions) return [...operands(args), ...(width === 1 ? instructions[0] : instructions[1])];
  const body = functionOf(fn);
  if (!body) throw new InternalError(`WebAssembly has no ${fn}`);
  const given = args.map((arg) => asWide(arg, 4, around));
  const result = inlined(body, given, () => around.temporary("v128"));
  return width > 1 ? result : [...result, ...extractFloat(0)];
}

const isKnown = (v: Value): boolean =>
  v.kind === "literal" || (v.kind === "compose" && partsOf(v).every((p) => p.kind === "literal"));

/** The lesser or the greater of two on the stack. */
function bound(which: "min" | "max", { scalar, width }: ValueType, around: Surroundings): Code {
  if (!isWhole(scalar)) return (width === 1 ? f32 : f32x4)[which];
  if (width > 1) return which === "min" ? i32x4.minS : i32x4.maxS;
  const [a, b] = [around.temporary("i32"), around.temporary("i32")];
  const compare = scalar === "u32" ? i32.ltU : i32.ltS;
  const [left, right] = which === "min" ? [a, b] : [b, a];
  return [...set(b), ...tee(a), ...get(b), ...get(left), ...get(right), ...compare, control.select];
}

function composed(v: Extract<Value, { kind: "compose" }>, around: Surroundings): Code {
  const { parts, type } = v;
  const first = must(parts[0], "part");
  if (parts.length === 1) return asWide(first, type.width, around);
  if (parts.every((p) => p.kind === "literal")) {
    const numbers = parts.map((p) => (p.kind === "literal" ? p.value : 0));
    return isWhole(type.scalar) ? intVectorConst(numbers) : vectorConst(numbers);
  }
  const places = parts.map(loadedPlace);
  if (places.every((p) => p !== undefined) && areNeighbours(places))
    return loaded(must(places[0], "place"), type, around);
  const whole = wholeVector(parts);
  if (whole) return codeOf(whole, around);
  const replace = isWhole(type.scalar) ? i32x4.replace : f32x4.replace;
  const lane = (p: Value): Code =>
    type.scalar === "bool" ? [...intConst(0), ...codeOf(p, around), ...i32.sub] : codeOf(p, around);
  const start = asWide(first, type.width, around);
  return [...start, ...parts.slice(1).flatMap((p, i) => [...lane(p), ...replace, i + 1])];
}

/** The vector whose components the parts are, in order. */
function wholeVector(parts: readonly Value[]): Value | undefined {
  const [first] = parts;
  if (first?.kind !== "component" || first.of.type.width !== parts.length) return undefined;
  return parts.every((p, i) => p.kind === "component" && p.of === first.of && p.lane === i)
    ? first.of
    : undefined;
}

/** A number on the stack, as one of another type (WGSL, section 15.7.6): whole numbers are cut off and stay in range. */
function conversion(from: ValueType, to: ValueType): Code {
  const wide = to.width > 1;
  if (from.scalar === "f16" || to.scalar === "f16") throw new InternalError("WebAssembly has no f16");
  if (from.scalar === "bool") {
    if (to.scalar === "f32") return wide ? [...bitsConst(0x3f800000), ...v128.and] : f32.convertU;
    return wide ? [...bitsConst(1), ...v128.and] : [];
  }
  if (to.scalar === "f32") {
    if (from.scalar === "f32") return [];
    const unsigned = from.scalar === "u32";
    return wide ? (unsigned ? f32x4.convertU : f32x4.convertS) : unsigned ? f32.convertU : f32.convertS;
  }
  if (from.scalar !== "f32") return [];
  const unsigned = to.scalar === "u32";
  return wide ? (unsigned ? i32x4.truncU : i32x4.truncS) : unsigned ? i32.truncF32U : i32.truncF32S;
}
