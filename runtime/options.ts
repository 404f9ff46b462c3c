/** Options, looked at before use: also in JavaScript a wrong one is said rather than passed over. */
import { WeftError } from "../contract/errors.ts";
import { kindOf } from "../contract/tensor.ts";
import type { Weights } from "../contract/weights.ts";

/** What an option has to be, in words and as a test. */
export type Rule = readonly [text: string, fits: (value: unknown) => boolean];

export const ANYTHING: Rule = ["", () => true];
export const DEVICE: Rule = ["a GPUDevice", (value) => "createBuffer" in Object(value)];
export const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];
export const SEED: Rule = ["a whole number from 0 to 4294967295", (value) => value === Number(value) >>> 0];
/**
 * What is to be found to compute on: a page's own GPU, WebAssembly, or, "auto", that GPU if it is one, else WebAssembly where
 * there is a program for it, else an adapter that computes on the CPU.
 */
export type DeviceKind = "auto" | "webgpu" | "wasm";

declare const WEFT_WEBGPU_ONLY: true | undefined;
const KINDS: readonly unknown[] = ["auto", "webgpu", "wasm"] satisfies DeviceKind[];
const ANY_DEVICE: Rule =
  typeof WEFT_WEBGPU_ONLY !== "undefined"
    ? DEVICE
    : ['a GPUDevice, "auto", "webgpu" or "wasm"', (value) => DEVICE[1](value) || KINDS.includes(value)];

/** What `load` and `checkFinite` may be given. */
export interface LoadOptions {
  /** The bytes of a safetensors file, or tensors by name. Default: initial values drawn with `seed`. */
  readonly weights?: ArrayBuffer | Uint8Array | Weights;
  /**
   * Default: a device of the page's own choice; WebAssembly where there is none, or the program is for nothing else. A GPU in
   * Node: `(await requestDevice()).device` of weftgpu/node.
   */
  readonly device?: GPUDevice | DeviceKind;
  /** Default 0. */
  readonly seed?: number;
}

export const LOAD = { weights: ANYTHING, device: ANY_DEVICE, seed: SEED };

/** Throws `WeftError` "input" unless `given` has no other options than those of `rules`, each as it has to be. */
export function checkOptions(where: string, given: object, rules: Readonly<Record<string, Rule>>): void {
  const fail = (problem: string): never => {
    throw new WeftError("input", `${where}: ${problem}`);
  };
  if (kindOf(given) !== "Object") fail(`its options are an object, got ${shownOption(given)}`);
  for (const [key, value] of Object.entries(given)) {
    const [text, fits] = Object.hasOwn(rules, key)
      ? (rules[key] as Rule)
      : fail(`unknown option "${key}"; try: ${Object.keys(rules).join(", ")}`);
    if (value !== undefined && !fits(value)) fail(`${key} has to be ${text}, got ${shownOption(value)}`);
  }
}

/** A value in a message: objects and functions by their kind. */
export function shownOption(value: unknown): string {
  return Object(value) === value
    ? kindOf(value)
    : typeof value === "string"
      ? JSON.stringify(value)
      : String(value);
}
