/** Verdicts that are kept: by the program and by what its adapter says of itself. */
import type { Program } from "../../contract/program.ts";
import { hash } from "../../contract/tensor.ts";

/** What a page's `localStorage` has. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What is known of an adapter and a program. */
export interface Known {
  /** What it computes wrongly; absent of a right one. */
  readonly refused?: string | undefined;
}

type Info = Pick<GPUAdapterInfo, "vendor" | "architecture" | "device" | "description">;

const within = new Map<string, string>();

/** Until the process ends, or the page is left. */
const passing: Store = {
  getItem: (key) => within.get(key) ?? null,
  setItem: (key, value) => void within.set(key, value),
};

/** A page's own, where it lets itself be asked for: not in a sandboxed frame. */
export function storeHere(): Store {
  try {
    return globalThis.localStorage ?? passing;
  } catch {
    return passing;
  }
}

/** Kernels, buffers and what runs when: weights are no part of it, as they change no kernel. */
function keyOf(program: Program, info: Info | undefined): string {
  const { wasm: _, ...own } = program;
  const names = [info?.vendor, info?.architecture, info?.device, info?.description];
  return `weft-verified ${hash(JSON.stringify(own)).toString(16)} ${names.join("/")}`;
}

/** Undefined where nothing is known, or the store cannot be read. */
export function recall(store: Store, program: Program, info: Info | undefined): Known | undefined {
  try {
    return JSON.parse(store.getItem(keyOf(program, info)) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** A full store, or one that may not be written to, keeps nothing. */
export function remember(store: Store, program: Program, info: Info | undefined, known: Known): void {
  try {
    store.setItem(keyOf(program, info), JSON.stringify(known));
  } catch {
    // It is looked at again at the next load.
  }
}
