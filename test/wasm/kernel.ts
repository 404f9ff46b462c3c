/** Statements as a kernel for WebAssembly, carried out. */
import type { KernelModule, Stmt } from "../../compiler/ir/stmt.ts";
import type { Memory, Scalar, Value, Width } from "../../compiler/ir/value.ts";
import {
  builtin,
  component,
  convert,
  int,
  newMemory,
  plus,
  times,
  typeFor,
} from "../../compiler/math/value.ts";
import { encodeModule } from "../../compiler/targets/wasm/module.ts";
import type { Size } from "../../contract/type.ts";
import { kernelsOf, machineOf } from "./device.ts";

export interface KernelOptions {
  /** What lies in each of the bindings; those that are written are changed. */
  readonly data: readonly (Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[];
  readonly groups?: number;
  /** The uniform's words. Default: there is none. */
  readonly uniform?: Uint32Array<ArrayBuffer>;
  readonly sizes?: readonly Size[];
  /** Bytes before and behind bindings that may be read besides what the module says. */
  readonly slack?: number;
}

export const storage = (scalar: "f32" | "i32" | "u32", width: Width = 1, writable = false): Memory =>
  newMemory({ space: "storage", stem: writable ? "y" : "x", type: typeFor(scalar, width), writable });

export const moduleOf = (
  body: readonly Stmt[],
  bindings: readonly Memory[],
  workgroup = 1,
): KernelModule => ({
  bindings,
  shared: [],
  workgroup,
  body,
  grid: { items: workgroup, batchTile: 0 },
  overhang: 0,
});

/** Throws where the module is not valid, or writes elsewhere than in what is writable. */
export function carryOut(
  module: KernelModule,
  { data, groups = 1, uniform, sizes = [], slack = 0 }: KernelOptions,
): void {
  const { bytes, bias } = encodeModule([module], sizes);
  const bindings = module.bindings.map(({ stem, writable }) => ({
    name: stem,
    access: writable ? ("read_write" as const) : ("read" as const),
  }));
  const [run] = kernelsOf(Uint8Array.from(bytes));
  if (!run) throw new Error("the module exports nothing");
  const kernel = { name: "kernel", usesBatch: uniform !== undefined, bindings };
  const bound = [...(uniform ? [uniform] : []), ...data].map((array) => ({ bytes: array.buffer }));
  machineOf(kernel, run, Math.max(bias, slack)).run(bound, [groups, 1, 1]);
}

/** The first of the elements that a workgroup takes of an array, `width` each. */
export const first = (width: number): Value => times(convert(builtin("group"), "i32"), int(width));

/** Stores a value's components one by one: numbers as they are, truth as 1. */
export function stored(to: Memory, at: Value, value: Value): readonly Stmt[] {
  const scalar: Scalar = to.type.scalar;
  return Array.from({ length: value.type.width }, (_, i) => ({
    kind: "store" as const,
    to,
    at: plus(at, int(i)),
    value: convert(component(value, i), scalar),
  }));
}
