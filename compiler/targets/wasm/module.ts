/** The kernels of a program as one WebAssembly module (Core Specification, section 5.5). */

import type { Size } from "../../../contract/type.ts";
import { MOST_PAGES } from "../../../contract/wasm.ts";
import type { KernelModule } from "../../ir/stmt.ts";
import { type Code, FunctionBody, get, intConst, type Local, signed, unsigned } from "./code.ts";
import { kernelFunction } from "./kernel.ts";
import { f32, i32, VALUE_TYPES, type ValType } from "./opcodes.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = { custom: 0, types: 1, imports: 2, functions: 3, exports: 7, code: 10 } as const;
const FUNCTION = 0x60;
const MEMORY = 2;
/** A memory that says how large it may become. */
const WITH_MAXIMUM = 1;

/** What a module is made of, and what it reads before and behind what it is given, in bytes. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly bias: number;
}

interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** `sizes`: those of the program besides N. Throws `InternalError` for kernels whose threads meet. */
export function encodeModule(kernels: readonly KernelModule[], sizes: readonly Size[]): Encoded {
  const random = kernels.length;
  const written = kernels.map((k) => kernelFunction(k, sizes, random));
  const signatures: Signature[] = written.map(({ parameters }) => ({
    params: Array.from({ length: parameters }, () => "i32"),
    results: [],
  }));
  const bodies: { readonly bytes: readonly number[]; readonly fused: readonly number[] }[] = [...written];
  if (written.some((w) => w.draws)) {
    signatures.push({ params: ["i32", "i32", "i32", "i32"], results: ["f32"] });
    bodies.push(randomFunction());
  }
  const types = new Map<string, readonly number[]>();
  const typeNumbers = signatures.map(({ params, results }) => {
    const list = (all: readonly ValType[]): readonly number[] => vector(all.map((t) => [VALUE_TYPES[t]]));
    const bytes = [FUNCTION, ...list(params), ...list(results)];
    types.set(bytes.join(), bytes);
    return [...types.keys()].indexOf(bytes.join());
  });
  const text = (s: string): readonly number[] => vector([...s].map((ch) => [ch.charCodeAt(0)]));
  const before = [
    ...section(SECTION.types, [...types.values()]),
    ...section(SECTION.imports, [
      [...text(""), ...text("m"), MEMORY, WITH_MAXIMUM, 0, ...unsigned(MOST_PAGES)],
    ]),
    ...section(SECTION.functions, typeNumbers.map(unsigned)),
    ...section(
      SECTION.exports,
      kernels.map((_, i) => [...text(`${i}`), 0, ...unsigned(i)]),
    ),
  ];
  const code = section(
    SECTION.code,
    bodies.map((b) => b.bytes),
  );
  // Where the first function begins, counted from the end of the custom section: the last one ends where the code does.
  let at = before.length + code.length - bodies.reduce((sum, b) => sum + b.bytes.length, 0);
  const fused = bodies.flatMap((b) => {
    const places = b.fused.map((place) => at + place);
    at += b.bytes.length;
    return places;
  });
  const distances = fused.flatMap((place, i) => unsigned(place - (fused[i - 1] ?? 0)));
  const custom = [...text("f"), ...distances];
  const bytes = [...HEADER, SECTION.custom, ...unsigned(custom.length), ...custom, ...before, ...code];
  return { bytes: Uint8Array.from(bytes), bias: Math.max(0, ...written.map((w) => w.bias)) };
}

/** A list: how many there are, then one after the other. */
function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(number: number, items: readonly (readonly number[])[]): readonly number[] {
  const content = vector(items);
  return [number, ...unsigned(content.length), ...content];
}

/** Uniform in [0, 1) of a counter, a salt, the step and the seed: the WGSL target's `random`. */
function randomFunction(): ReturnType<FunctionBody["written"]> {
  const params: readonly Local[] = Array.from({ length: 4 }, () => ({ type: "i32" as const }));
  const body = new FunctionBody(params);
  const [counter = [], salt = [], step = [], seed = []] = params.map(get);
  const number = (value: number): Code => [...i32.const, ...signed(value)];
  const hash = (x: Code): Code => {
    const s = body.let("i32", [...x, ...number(747796405), ...i32.mul, ...number(2891336453), ...i32.add]);
    const amount: Code = [...s, ...intConst(28), ...i32.shrU, ...intConst(4), ...i32.add];
    const w = body.let("i32", [
      ...s,
      ...amount,
      ...i32.shrU,
      ...s,
      ...i32.xor,
      ...number(277803737),
      ...i32.mul,
    ]);
    return [...w, ...intConst(22), ...i32.shrU, ...w, ...i32.xor];
  };
  const xor = (a: Code, b: Code): Code => [...a, ...b, ...i32.xor];
  const key = body.let("i32", hash(xor(step, hash(xor(seed, hash(salt))))));
  const drawn = hash(xor(counter, key));
  body.put(drawn, intConst(8), i32.shrU, f32.convertU, [...f32.const, 0, 0, 0x80, 0x33], f32.mul);
  return body.written();
}

/** Bytes as base64 (RFC 4648, section 4), where there is no Buffer and strings of any length are. */
export function base64(bytes: Uint8Array): string {
  const part = 0x8000;
  let text = "";
  for (let at = 0; at < bytes.length; at += part)
    text += String.fromCharCode(...bytes.subarray(at, at + part));
  return btoa(text);
}
