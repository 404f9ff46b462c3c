/** Names from a model become WGSL identifiers here, and only here. */

/** Keywords, reserved words (WGSL, section 15.4) and the built-in functions and types that kernels use. */
const RESERVED = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
loop override requires return struct switch true var while NULL Self abstract active alignas alignof as asm
asm_fragment async attribute auto await become cast catch class co_await co_return co_yield coherent column_major
common compile compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote
demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend
from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp macro
macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation
non_coherent noncoherent noperspective null nullptr of operator package packoffset partition pass patch pixelfragment
precise precision premerge priv protected pub public readonly ref regardless register reinterpret_cast require resource
restrict self set shared sizeof smooth snorm static static_assert static_cast std subroutine super target template
this thread_local throw trait try type typedef typeid typename typeof union unless unorm unsafe unsized use using
varying virtual volatile wgsl where with writeonly yield
array atomic bool f16 f32 i32 u32 vec2 vec3 vec4 mat2x2 ptr sampler abs max min pow exp log sqrt tanh clamp floor
ceil round select sigmoid power erfc hyperbolic fma dot random hash batch Batch thread every live once groupAt place member workgroupBarrier quadBroadcast local group
groups main RESULT`
    .split(/\s+/)
    .filter((w) => w !== ""),
);

export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

/** A valid identifier close to `name`; never reserved, never starting with `_`, not shaped like a generated name. */
export function identifier(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9_]+/g, "_")
    .replace(/_+/g, "_")
    .replace(/^_|_$/g, "");
  const start = /^[A-Za-z]/.test(plain) ? plain : `t_${plain}`.replace(/_$/, "");
  return RESERVED.has(start) ? `${start}_` : start.slice(0, 64);
}

/** Distinct identifiers for distinct names: a repeated one gets `_2`, `_3`, … */
export function identifiers(names: readonly string[], taken: Iterable<string> = []): readonly string[] {
  const used = new Set(taken);
  /** Of a repeated name, the first number that is not known to be taken. */
  const next = new Map<string, number>();
  return names.map((name) => {
    const base = identifier(name);
    let candidate = base;
    let i = next.get(base) ?? 2;
    for (; used.has(candidate); i++) candidate = `${base}_${i}`;
    next.set(base, i);
    used.add(candidate);
    return candidate;
  });
}

/** Text that stays within one line comment: every line break and control character becomes a space. */
export function comment(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ");
}
