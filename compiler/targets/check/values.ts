/** Values as code that computes them for all threads of a workgroup at once, a column of numbers for each component. */
import { InternalError, must } from "../../errors.ts";
import type { BinaryOp, Fn, Memory, Scalar, UniformField, Value } from "../../ir/value.ts";
import { partsOf } from "../../math/value.ts";
import { scalars } from "../../ops/scalar.ts";

/** What a type's numbers are rounded to by being written down; bool is 0 or 1. */
export type Column = Float32Array | Int32Array | Uint32Array;

function columnFor(scalar: Scalar, threads: number): Column {
  if (scalar === "f32" || scalar === "f16") return new Float32Array(threads);
  return scalar === "u32" ? new Uint32Array(threads) : new Int32Array(threads);
}

/** Numbers of the threads that work on. */
export type Threads = readonly number[];

/** Numbers of the threads, and of each the read at fault that it was made from (0: none). */
export interface Tracked {
  readonly of: Column;
  readonly fault: Int32Array;
}

export function tracked(scalar: Scalar, threads: number): Tracked {
  return { of: columnFor(scalar, threads), fault: new Int32Array(threads) };
}

/** A value's components, which `run` fills for some threads. */
export interface Code {
  readonly out: readonly Tracked[];
  run(threads: Threads): void;
}

/** What values are computed in. */
export interface Surroundings {
  /** Threads of a workgroup. */
  readonly workgroup: number;
  /** The number of the workgroup that is run. */
  group(): number;
  variable(v: Value): readonly Tracked[];
  uniform(field: UniformField, slot: number): number;
  /** The component of an array's element; 0 outside of it. */
  load(from: Memory, at: number, lane: number, thread: number): number;
  /** A number for what is wrong with reading it; 0 where nothing is. It counts where the value is used. */
  fault(from: Memory, at: number, lane: number, thread: number): number;
  /** Whether a thread of a quad may ask another one. */
  ask(thread: number, of: number, threads: Threads): void;
}

type Operation = (a: number, b: number) => number;

const truth = (b: boolean): number => (b ? 1 : 0);

const COMMON: Readonly<Record<BinaryOp, Operation>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "<": (a, b) => truth(a < b),
  ">=": (a, b) => truth(a >= b),
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "&": (a, b) => a & b,
  ">>": (a, b) => a >> b,
  "&&": (a, b) => a & b,
};
const INTEGERS: Readonly<Partial<Record<BinaryOp, Operation>>> = {
  "*": (a, b) => Math.imul(a, b),
  "/": (a, b) => (b === 0 ? a : Math.trunc(a / b)),
  "%": (a, b) => (b === 0 ? 0 : a % b),
};
const UNSIGNED: Readonly<Partial<Record<BinaryOp, Operation>>> = { ">>": (a, b) => a >>> b };

function operation(op: BinaryOp, scalar: Scalar): Operation {
  const isWhole = scalar === "i32" || scalar === "u32";
  return (scalar === "u32" ? UNSIGNED[op] : undefined) ?? (isWhole ? INTEGERS[op] : undefined) ?? COMMON[op];
}

function meaning(fn: Fn): (x: number, a: number, b: number) => number {
  if (fn === "clamp") return (x, low, high) => Math.min(Math.max(x, low), high);
  return scalars[fn].js;
}

/** A number between types, as WGSL converts it (section 15.7.6): whole numbers are cut off, and stay in their range. */
function conversion(to: Scalar, from: Scalar): (x: number) => number {
  if (to === "i32" && from !== "u32" && from !== "bool") return (x) => within(x, -(2 ** 31), 2 ** 31 - 1);
  if (to === "u32" && from !== "i32" && from !== "bool") return (x) => within(x, 0, 2 ** 32 - 1);
  return (x) => x;
}

const within = (x: number, low: number, high: number): number =>
  Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)));

/** Uniform in [0, 1), as the WGSL target computes it. */
function random(counter: number, salt: number, step: number, seed: number): number {
  const key = hash(step ^ hash(seed ^ hash(salt)));
  return (hash(counter ^ key) >>> 8) * 2 ** -24;
}

function hash(x: number): number {
  const s = (Math.imul(x, 747796405) + 2891336453) >>> 0;
  const w = Math.imul((s >>> ((s >>> 28) + 4)) ^ s, 277803737) >>> 0;
  return ((w >>> 22) ^ w) >>> 0;
}

const at = (c: Column | Int32Array, t: number): number => c[t] ?? 0;

/** The fault of one of them that has one. */
function anyOf(parts: readonly Tracked[]): (thread: number) => number {
  const [a, b, ...others] = parts.map((p) => p.fault);
  if (!a) return () => 0;
  if (!b) return (t) => at(a, t);
  if (others.length === 0) return (t) => at(a, t) || at(b, t);
  return (t) => parts.reduce((worst, p) => worst || at(p.fault, t), 0);
}

/** The code of a value. */
export function codeOf(v: Value, around: Surroundings): Code {
  const { workgroup } = around;
  const parts = partsOf(v).map((p) => codeOf(p, around));
  const column = (i: number, lane: number): Tracked => {
    const { out } = must(parts[i], "part");
    return must(out[out.length === 1 ? 0 : lane], "component");
  };
  /** A component at a time, from those of the parts. Faults are those of all that was used. */
  const each = (
    used: (lane: number) => readonly Tracked[],
    number: (columns: readonly Column[], lane: number) => (thread: number, threads: Threads) => number,
    fault?: (columns: readonly Tracked[], lane: number) => (thread: number) => number,
  ): Code => {
    const out = Array.from({ length: v.type.width }, () => tracked(v.type.scalar, workgroup));
    const steps = out.map((into, lane) => {
      const from = used(lane);
      const compute = number(
        from.map((f) => f.of),
        lane,
      );
      return { into, compute, blame: fault?.(from, lane) ?? anyOf(from) };
    });
    return {
      out,
      run(threads) {
        for (const p of parts) p.run(threads);
        for (const { into, compute, blame } of steps)
          for (const t of threads) {
            into.fault[t] = blame(t);
            into.of[t] = compute(t, threads);
          }
      },
    };
  };
  const all = (lane: number): readonly Tracked[] => parts.map((_, i) => column(i, lane));
  const unary = (compute: (a: number) => number): Code =>
    each(all, ([a]) => {
      const of = must(a, "operand");
      return (t) => compute(at(of, t));
    });
  const binary = (compute: Operation): Code =>
    each(all, ([a, b]) => {
      const [left, right] = [must(a, "operand"), must(b, "operand")];
      return (t) => compute(at(left, t), at(right, t));
    });
  const none = (): readonly Tracked[] => [];
  switch (v.kind) {
    case "variable":
      return { out: around.variable(v), run: () => {} };
    case "literal": {
      const out = tracked(v.type.scalar, workgroup);
      out.of.fill(v.value);
      return { out: [out], run: () => {} };
    }
    case "uniform":
      return each(none, () => () => around.uniform(v.field, v.slot));
    case "builtin":
      return each(none, () => (t) => (v.name === "local" ? t : around.group()));
    case "load":
      return each(
        () => [column(0, 0)],
        ([index], lane) => {
          const place = must(index, "address");
          return (t) => around.load(v.from, at(place, t), lane, t);
        },
        ([index], lane) => {
          const place = must(index, "address");
          return (t) => at(place.fault, t) || around.fault(v.from, at(place.of, t), lane, t);
        },
      );
    case "negate":
      return unary((a) => -a);
    case "binary":
      return binary(operation(v.op, v.left.type.scalar));
    case "call":
      return each(all, ([a, b, c]) => {
        const [first, compute] = [must(a, "argument"), meaning(v.fn)];
        const [second, third] = [b ?? first, c ?? first];
        return (t) => compute(at(first, t), at(second, t), at(third, t));
      });
    case "select": {
      const chosen = <T extends { [i: number]: number }>([c, a, b]: readonly T[], t: number): number =>
        (c?.[t] ? a?.[t] : b?.[t]) ?? 0;
      return each(
        all,
        (columns) => (t) => chosen(columns, t),
        ([condition, then, otherwise]) =>
          (t) =>
            at(must(condition, "condition").fault, t) ||
            at(must(condition?.of[t] ? then : otherwise, "value").fault, t),
      );
    }
    case "compose":
      return each(
        (lane) => [parts.length === 1 ? column(0, 0) : column(lane, 0)],
        ([of]) =>
          (t) =>
            at(must(of, "component"), t),
      );
    case "component":
      return each(
        () => [column(0, v.lane)],
        ([of]) =>
          (t) =>
            at(must(of, "component"), t),
      );
    case "convert":
      return unary(conversion(v.type.scalar, v.of.type.scalar));
    case "bits": {
      const word = new Uint32Array(1);
      const number = new Float32Array(word.buffer);
      return unary((bits) => {
        word[0] = bits;
        return at(number, 0);
      });
    }
    case "broadcast":
      return each(
        (lane) => [column(0, lane)],
        ([of]) =>
          (t, threads) => {
            const other = t - (t % 4) + v.lane;
            around.ask(t, other, threads);
            return at(must(of, "value"), other);
          },
        ([of]) =>
          (t) =>
            at(must(of, "value").fault, t - (t % 4) + v.lane),
      );
    case "random":
      return unary((counter) =>
        random(counter, v.salt, around.uniform("step", 0), around.uniform("seed", 0)),
      );
    case "named":
    case "index":
    case "element":
    case "fetch":
      throw new InternalError(`a value that passes leave behind: ${v.kind}`);
  }
}
