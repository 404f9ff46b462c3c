/** Instructions as they are put together: bytes, and locals that get their numbers when the function is closed. */
import { decodeBody } from "./decode.ts";
import { control, f32, f32x4, i32, i32x4, VALUE_TYPES, type ValType, v128 } from "./opcodes.ts";
import { slotsOf } from "./slots.ts";

/** A local of a function; its number is known once all of them are. */
export interface Local {
  readonly type: ValType;
}

/**
 * Stands before a product of vectors that an addition takes up next: a processor that multiplies and adds at once may do so
 * (`fused` of contract/wasm.ts).
 */
export const FUSED = { type: "fused" } as const;

/** An instruction's byte, a local in place of its number, or what is to be known of the next one. */
export type Item = number | Local | typeof FUSED;
export type Code = readonly Item[];

/** An unsigned number as LEB128. */
export function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

/** A signed number of 32 bits as LEB128. */
export function signed(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 127) | 128);
    rest >>= 7;
  }
  return [...bytes, rest & 127];
}

/** The four bytes of a number of f32, the lowest first. */
export function floatBytes(value: number): readonly number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

export const intConst = (value: number): Code => [...i32.const, ...signed(value)];
export const floatConst = (value: number): Code => [...f32.const, ...floatBytes(value)];
/** Four times the same bits. */
export const bitsConst = (bits: number): Code => {
  const bytes = [...new Uint8Array(Int32Array.of(bits).buffer)];
  return [...v128.const, ...bytes, ...bytes, ...bytes, ...bytes];
};
/** A vector of known numbers of f32. */
export const vectorConst = (numbers: readonly number[]): Code => {
  const lanes = [0, 1, 2, 3].map((i) => numbers[i] ?? 0);
  const isSplat = lanes.every((n) => Object.is(n, lanes[0]));
  return isSplat
    ? [...floatConst(lanes[0] ?? 0), ...f32x4.splat]
    : [...v128.const, ...lanes.flatMap(floatBytes)];
};
export const intVectorConst = (numbers: readonly number[]): Code => [
  ...v128.const,
  ...[0, 1, 2, 3].flatMap((i) => [...new Uint8Array(Int32Array.of(numbers[i] ?? 0).buffer)]),
];

export const get = (local: Local): Code => [control.get, local];
export const set = (local: Local): Code => [control.set, local];
export const tee = (local: Local): Code => [control.tee, local];

/** The argument of a load or store: its alignment, as a power of two, and an offset in bytes. */
export const access = (alignment: number, offset: number): Code => [alignment, ...unsigned(offset)];

/** Four times the same component. */
export const spread = (lane: number): Code => {
  const bytes = [0, 1, 2, 3].map((b) => 4 * lane + b);
  return [...v128.shuffle, ...bytes, ...bytes, ...bytes, ...bytes];
};

export const extractFloat = (lane: number): Code => [...f32x4.extract, lane];
export const extractInt = (lane: number): Code => [...i32x4.extract, lane];

/** A function as it is written: its code, and its locals. */
export class FunctionBody {
  readonly #params: readonly Local[];
  readonly #locals: Local[] = [];
  readonly #code: Item[] = [];

  constructor(params: readonly Local[]) {
    this.#params = params;
  }

  local(type: ValType): Local {
    const local = { type };
    this.#locals.push(local);
    return local;
  }

  /** Appends instructions. */
  put(...parts: readonly Code[]): void {
    for (const part of parts) for (const item of part) this.#code.push(item);
  }

  /** What some instructions leave on the stack, kept in a local of its own. */
  let(type: ValType, code: Code): Code {
    const local = this.local(type);
    this.put(code, set(local));
    return get(local);
  }

  /**
   * The function's bytes (section 5.5.13), its length first, and where in them `FUSED` stands. Locals lie by type, those that are
   * never needed together in one.
   */
  written(): { readonly bytes: readonly number[]; readonly fused: readonly number[] } {
    const all = [...this.#params, ...this.#locals];
    const given = this.#params.length;
    const plain = this.#encoded(new Map(all.map((l, i) => [l, i] as const)));
    const types = all.map((l, i) => (i < given ? `${i}` : l.type));
    const { slots, counts } = slotsOf(decodeBody(plain.bytes), types);
    const groups = (Object.keys(VALUE_TYPES) as ValType[]) // the record's own keys
      .map((type) => ({ type, count: counts.get(type) ?? 0 }))
      .filter((g) => g.count > 0);
    const starts = new Map(
      groups.map(
        ({ type }, i) => [type, groups.slice(0, i).reduce((sum, g) => sum + g.count, given)] as const,
      ),
    );
    const numberOf = (l: Local, i: number): number =>
      i < given ? i : (starts.get(l.type) ?? 0) + (slots[i] ?? 0);
    const code = this.#encoded(new Map(all.map((l, i) => [l, numberOf(l, i)] as const)));
    const head = [
      ...unsigned(groups.length),
      ...groups.flatMap((g) => [...unsigned(g.count), VALUE_TYPES[g.type]]),
    ];
    const before = [...unsigned(head.length + code.bytes.length), ...head];
    return { bytes: [...before, ...code.bytes], fused: code.fused.map((at) => before.length + at) };
  }

  /** The instructions, and where among them `FUSED` stands. */
  #encoded(numbers: ReadonlyMap<Local, number>): {
    readonly bytes: readonly number[];
    readonly fused: readonly number[];
  } {
    const bytes: number[] = [];
    const fused: number[] = [];
    for (const item of this.#code) {
      if (typeof item === "number") bytes.push(item);
      else if (item.type === "fused") fused.push(bytes.length);
      else for (const byte of unsigned(numbers.get(item) ?? 0)) bytes.push(byte);
    }
    bytes.push(control.end);
    return { bytes, fused };
  }
}
