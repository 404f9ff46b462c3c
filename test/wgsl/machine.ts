/** Runs a WGSL kernel in this process, thread by thread, and finds what a GPU would pass over in silence. */
import { type Clock, Memory, type Words } from "./memory.ts";
import { parse } from "./syntax.ts";
import { elementOf, type Translation, translate } from "./translate.ts";
import type { Of } from "./values.ts";

/** What is bound to a kernel, in the order of its bindings. */
export interface Bound {
  readonly bytes: ArrayBuffer;
  readonly offset?: number;
  /** A flag for each word of 4 bytes: whether anybody wrote it. */
  readonly written?: Uint8Array;
}

/** What runs a kernel. */
export interface Machine {
  /** The bindings that the kernel writes. */
  readonly writes: readonly number[];
  /** `groups`: workgroups in x, y and z. `backwards`: the last thread first. Throws where it finds something wrong. */
  run(bound: readonly Bound[], groups: readonly [number, number, number], backwards?: boolean): void;
}

type Thread = Iterator<readonly number[] | undefined, void, readonly (readonly number[])[] | undefined>;
type Entry = (group: readonly number[], groups: readonly number[], local: number) => Thread | undefined;
type Make = (
  memory: readonly (Memory | { data: Words } | undefined)[],
  uniform: object,
  lib: object,
) => Entry;

/** The numbers that 16 bits mean (IEEE 754 binary16). */
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
});

/** The nearest f16, ties to even: by its definition. */
export function toHalf(x: number): number {
  if (Number.isNaN(x) || x === undefined) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const step = 2 ** (exponent - 10);
  const exactly = size / step;
  const down = Math.floor(exactly);
  const rest = exactly - down;
  const count = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  // A count of 1024 or more carries into the exponent, as the bits do.
  return sign | (count + (exponent + 14) * 1024);
}

const clampTo = (low: number, high: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)));

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

const LIB = {
  bitsOf: (x: number) => {
    floats[0] = x;
    return words[0];
  },
  ofBits: (bits: number) => {
    words[0] = bits;
    return floats[0];
  },
  H: HALVES,
  toHalf,
  round: (x: number) => HALVES[toHalf(x)],
  toInt: clampTo(-(2 ** 31), 2 ** 31 - 1),
  toUnsigned: clampTo(0, 2 ** 32 - 1),
};

const views: Readonly<Partial<Record<Of, (bytes: ArrayBuffer) => Words>>> = {
  f32: (bytes) => new Float32Array(bytes),
  f16: (bytes) => new Uint16Array(bytes),
  u32: (bytes) => new Uint32Array(bytes),
  i32: (bytes) => new Int32Array(bytes),
};

function view(of: Of, bytes: ArrayBuffer): Words {
  const make = views[of];
  if (!make) throw new Error(`no memory holds ${of}`);
  return make(bytes);
}

export class KernelMachine implements Machine {
  readonly translation: Translation;
  readonly writes: readonly number[];
  readonly #make: Make;

  /** Throws where the text holds what Weft does not write. */
  constructor(wgsl: string) {
    this.translation = translate(parse(wgsl));
    this.writes = this.translation.variables
      .filter((v) => v.space === "storage" && v.access === "read_write")
      .map((v) => v.binding);
    this.#make = new Function("memory", "uniform", "lib", this.translation.code) as Make; // its own code
  }

  /**
   * `groups`: workgroups in x, y and z. `backwards`: the last thread first. Throws where two threads write the same
   * element, one writes outside, or threads part at a barrier.
   */
  run(bound: readonly Bound[], groups: readonly [number, number, number], backwards = false): void {
    const { variables, waits, workgroup } = this.translation;
    const clock: Clock = { thread: 0, phase: 0 };
    const uniform: { f32: Float32Array; u32: Uint32Array } = {
      f32: new Float32Array(),
      u32: new Uint32Array(),
    };
    const memory = variables.map((variable) => {
      if (variable.space === "workgroup") {
        const { of, width } = elementOf(variable);
        const [, count] = variable.type.args;
        // WGSL makes it zeros; whoever counts on that instead of writing it finds no number.
        const data = view(of, new ArrayBuffer(Number(count) * width * (of === "f16" ? 2 : 4))).fill(
          Number.NaN,
        );
        return new Memory(variable.name, data, clock, true);
      }
      const { bytes, offset = 0 } = bound[variable.binding] ?? { bytes: new ArrayBuffer(0) };
      if (variable.space === "uniform") {
        uniform.f32 = new Float32Array(bytes, offset);
        uniform.u32 = new Uint32Array(bytes, offset);
        return undefined;
      }
      const data = view(elementOf(variable).of, bytes);
      return variable.access === "read_write" ? new Memory(variable.name, data, clock, false) : { data };
    });
    const entry = this.#make(memory, uniform, LIB);
    const [columns, rows, layers] = groups;
    const order = Array.from({ length: workgroup }, (_, i) => (backwards ? workgroup - 1 - i : i));
    const count = columns * rows * layers;
    for (let i = 0; i < count; i++) {
      const number = backwards ? count - 1 - i : i;
      const row = Math.floor(number / columns);
      const group = [number % columns, row % rows, Math.floor(row / rows)];
      const first = number * workgroup;
      if (waits) together(entry, group, groups, order, first, clock);
      else
        for (const local of order) {
          clock.thread = first + local;
          entry(group, groups, local);
        }
    }
  }
}

/** A workgroup whose threads wait for each other: at barriers all of them, at broadcasts the four of a quad. */
function together(
  entry: Entry,
  group: readonly number[],
  groups: readonly number[],
  order: readonly number[],
  first: number,
  clock: Clock,
): void {
  const workgroup = order.length;
  const threads = Array.from({ length: workgroup }, (_, local) => entry(group, groups, local));
  /** What each thread gave when it last stopped; "done" where it has ended. */
  const state: (readonly number[] | "barrier" | "done")[] = threads.map(() => "barrier");
  const step = (i: number, given?: readonly (readonly number[])[]): void => {
    clock.thread = first + i;
    const result = threads[i]?.next(given);
    state[i] = !result || result.done ? "done" : (result.value ?? "barrier");
  };
  const quads = Array.from({ length: Math.ceil(workgroup / 4) }, (_, q) => order.slice(4 * q, 4 * q + 4));
  while (state.some((s) => s !== "done")) {
    clock.phase++;
    for (const members of quads) {
      for (const i of members) if (state[i] !== "done") step(i);
      for (;;) {
        const lanes = members.toSorted((a, b) => a - b);
        const given = lanes.flatMap((i) => {
          const value = state[i];
          return typeof value === "object" ? [value] : [];
        });
        if (given.length === 0) break;
        if (given.length < members.length) throw new Error("threads of a quad part at a broadcast");
        for (const i of members) step(i, given);
      }
    }
    if (state.some((s) => s === "barrier") && state.some((s) => s === "done"))
      throw new Error("threads of a workgroup part at a barrier");
  }
}
