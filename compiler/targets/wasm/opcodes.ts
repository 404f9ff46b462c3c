/** WebAssembly's instructions, as far as kernels use them (WebAssembly Core Specification 2.0, section 5.4). */

/** After a prefix byte comes the instruction's number, as LEB128. */
const SIMD = 0xfd;
const SATURATING = 0xfc;

const simd = (number: number): readonly number[] => [
  SIMD,
  ...(number < 128 ? [number] : [(number & 127) | 128, number >> 7]),
];

export const VALUE_TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValType = keyof typeof VALUE_TYPES;

/** No parameters, no result: of a block. */
export const EMPTY = 0x40;

export const control = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
} as const;

export const i32 = {
  load: [0x28],
  store: [0x36],
  const: [0x41],
  eqz: [0x45],
  eq: [0x46],
  ne: [0x47],
  ltS: [0x48],
  ltU: [0x49],
  geS: [0x4e],
  geU: [0x4f],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  divS: [0x6d],
  divU: [0x6e],
  remS: [0x6f],
  remU: [0x70],
  and: [0x71],
  xor: [0x73],
  shl: [0x74],
  shrS: [0x75],
  shrU: [0x76],
  truncF32S: [SATURATING, 0],
  truncF32U: [SATURATING, 1],
  truncF64S: [SATURATING, 2],
  reinterpret: [0xbc],
} as const;

export const f32 = {
  load: [0x2a],
  store: [0x38],
  const: [0x43],
  eq: [0x5b],
  ne: [0x5c],
  lt: [0x5d],
  ge: [0x60],
  abs: [0x8b],
  neg: [0x8c],
  ceil: [0x8d],
  floor: [0x8e],
  nearest: [0x90],
  sqrt: [0x91],
  add: [0x92],
  sub: [0x93],
  mul: [0x94],
  div: [0x95],
  min: [0x96],
  max: [0x97],
  convertS: [0xb2],
  convertU: [0xb3],
  demote: [0xb6],
  reinterpret: [0xbe],
} as const;

export const v128 = {
  load: simd(0x00),
  load32Splat: simd(0x09),
  load64Zero: simd(0x5d),
  store: simd(0x0b),
  store32Lane: simd(0x5a),
  store64Lane: simd(0x5b),
  const: simd(0x0c),
  shuffle: simd(0x0d),
  not: simd(0x4d),
  and: simd(0x4e),
  andnot: simd(0x4f),
  or: simd(0x50),
  xor: simd(0x51),
  bitselect: simd(0x52),
} as const;

export const i32x4 = {
  splat: simd(0x11),
  extract: simd(0x1b),
  replace: simd(0x1c),
  eq: simd(0x37),
  ne: simd(0x38),
  ltS: simd(0x39),
  ltU: simd(0x3a),
  gtU: simd(0x3c),
  geS: simd(0x3f),
  geU: simd(0x40),
  neg: simd(0xa1),
  shl: simd(0xab),
  shrS: simd(0xac),
  shrU: simd(0xad),
  add: simd(0xae),
  sub: simd(0xb1),
  mul: simd(0xb5),
  minS: simd(0xb6),
  maxS: simd(0xb8),
  truncS: simd(0xf8),
  truncU: simd(0xf9),
} as const;

export const f32x4 = {
  splat: simd(0x13),
  extract: simd(0x1f),
  replace: simd(0x20),
  eq: simd(0x41),
  ne: simd(0x42),
  lt: simd(0x43),
  gt: simd(0x44),
  ge: simd(0x46),
  ceil: simd(0x67),
  floor: simd(0x68),
  nearest: simd(0x6a),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  pmin: simd(0xea),
  pmax: simd(0xeb),
  convertS: simd(0xfa),
  convertU: simd(0xfb),
} as const;
