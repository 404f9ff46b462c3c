/** Modules written by hand, byte for byte, for the small programs: the device is tested without the compiler. */
import type { Program } from "../../contract/program.ts";
import { addition, chain, total } from "./programs.ts";

const number = (n: number): number[] => {
  const bytes: number[] = [];
  for (let rest = n; ; rest >>>= 7) {
    if (rest < 64) return [...bytes, rest]; // also where it is signed
    bytes.push((rest & 127) | 128);
  }
};
const list = (parts: readonly (readonly number[])[]): number[] => [...number(parts.length), ...parts.flat()];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...number(bytes.length), ...bytes];
const text = (name: string): number[] => [...number(name.length), ...Buffer.from(name)];

const I32 = 0x7f;
export const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
export const i32 = (n: number): number[] => [0x41, ...number(n)];
const shl = (a: readonly number[], n: number): number[] => [...a, ...i32(n), 0x74];
export const add = (a: readonly number[], b: readonly number[]): number[] => [...a, ...b, 0x6a];
export const times = (a: readonly number[], b: readonly number[]): number[] => [...a, ...b, 0x6c];
const below = (a: readonly number[], b: readonly number[]): number[] => [...a, ...b, 0x49];
export const load = (address: readonly number[]): number[] => [...address, 0x28, 2, 0];
/** Element `i` of the f32 that local `base` points to. */
export const f32 = (base: number, i: readonly number[]): number[] => [
  ...add(get(base), shl(i, 2)),
  0x2a,
  2,
  0,
];
export const fadd = (a: readonly number[], b: readonly number[]): number[] => [...a, ...b, 0x92];
export const fmul = (a: readonly number[], b: readonly number[]): number[] => [...a, ...b, 0x94];
export const rest = (a: readonly number[], n: number): number[] => [...a, ...i32(n), 0x70];
const store = (base: number, i: readonly number[], value: readonly number[]): number[] => [
  ...add(get(base), shl(i, 2)),
  ...value,
  ...[0x38, 2, 0],
];

/** What a kernel's text is about. */
interface Kernel {
  readonly bindings: number;
  /** How many elements there are. `N` is the batch. */
  readonly count: readonly number[];
  /** Of element `I`, stored in the last binding. */
  readonly value: (i: readonly number[]) => readonly number[];
  /** Before all: nothing, or a trap. */
  readonly first?: readonly number[];
}

export const N: readonly number[] = load(get(2));

/** 64 elements a workgroup: for (i = 64 first; i < 64 last; i++) if (i < count) y[i] = value. */
function code({ bindings, count, value, first = [] }: Kernel): number[] {
  const [i, y] = [3 + bindings, 2 + bindings];
  const body = [
    ...first,
    ...[...shl(get(0), 6), ...set(i)],
    ...[0x02, 0x40, 0x03, 0x40],
    ...[...below(get(i), shl(get(1), 6)), 0x45, 0x0d, 1],
    ...[...below(get(i), count), 0x45, 0x0d, 1],
    ...store(y, get(i), value(get(i))),
    ...[...add(get(i), i32(1)), ...set(i)],
    ...[0x0c, 0, 0x0b, 0x0b, 0x0b],
  ];
  const locals = [1, 1, I32];
  return [...number(locals.length + body.length), ...locals, ...body];
}

/** A module's bytes. */
export function moduleOf(kernels: readonly Kernel[]): Uint8Array {
  const types = kernels.map(({ bindings }) => [
    0x60,
    ...list(Array.from({ length: 3 + bindings }, () => [I32])),
    0,
  ]);
  const memory = [...text(""), ...text("m"), 2, 1, 1, 0x80, 0x80, 4];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(0, text("f")),
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(kernels.map((_, i) => [i]))),
    ...section(7, list(kernels.map((_, i) => [...text(`${i}`), 0, i]))),
    ...section(10, list(kernels.map(code))),
  ]);
}

/** The program with this module; every workgroup at this cost. */
export function withModule(program: Program, kernels: readonly Kernel[], cost = 100, slack = 64): Program {
  const module = { code: Buffer.from(moduleOf(kernels)).toString("base64"), slack };
  return { ...program, module, kernels: program.kernels.map((k) => ({ ...k, wgsl: "", cost })) };
}

export const ADD: Kernel = {
  bindings: 3,
  count: times(N, i32(3)),
  value: (i) => fadd(f32(3, i), f32(4, i)),
};
const CHAIN: readonly Kernel[] = [
  { bindings: 2, count: i32(5), value: (i) => fmul(f32(3, i), f32(3, i)) },
  { bindings: 2, count: times(N, i32(5)), value: (i) => fadd(f32(3, i), f32(3, i)) },
  { bindings: 3, count: times(N, i32(5)), value: (i) => fmul(f32(3, i), f32(4, rest(i, 5))) },
];

/** Those of the same names in `programs.ts`. */
export const wasmAddition = (cost?: number, slack?: number): Program =>
  withModule(addition, [ADD], cost, slack);
export const wasmChain = (cost?: number): Program => withModule(chain, CHAIN, cost);
/** Traps as soon as it runs. */
export const trapping = (cost?: number): Program => withModule(addition, [{ ...ADD, first: [0x00] }], cost);
/** An address that no memory has. */
export const outside = (cost?: number): Program =>
  withModule(total, [{ bindings: 2, count: i32(1), value: () => [0x41, 0x7c, 0x2a, 2, 0] }], cost);
