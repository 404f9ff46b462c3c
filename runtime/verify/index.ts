/**
 * Whether a device computes what it should: a program is carried out there and held against WebAssembly, whose results hang on
 * no driver. An entry of its own: pages that do not verify load nothing of it.
 *
 *   const session = await load(compile(graph, { wasm: true }).program, { weights, verify: "once" });
 *   const { faults } = await verify(verification(graph), { weights });   // names layer and kernel
 */
import { WeftError } from "../../contract/errors.ts";
import type { Program } from "../../contract/program.ts";
import type { Verification } from "../../contract/verification.ts";
import { openGpu } from "../gpu.ts";
import { checkOptions, LOAD, type Rule } from "../options.ts";
import { load as loadPlain, type SizedSession } from "../sized.ts";
import { recall, remember, type Store, storeHere } from "./memory.ts";
import { faultText, subjectOf, type Verdict, type VerifyOptions, verdictOn } from "./verdict.ts";

export type { Probe, Probes, Verification } from "../../contract/verification.ts";
export type { Differing } from "./compare.ts";
export type { Store } from "./memory.ts";
export { batchesOf, type Fault, faultText, type Verdict, type VerifyOptions } from "./verdict.ts";

const BATCHES: Rule = [
  "a list of whole numbers of at least 1",
  (list) => Array.isArray(list) && list.length > 0 && list.every((n) => Number.isSafeInteger(n) && n > 0),
];

/**
 * Runs a program on drawn inputs and compares what it computes with WebAssembly: of a `Verification` all that its kernels store,
 * each given what is right; of a program, which has to have a form for WebAssembly, the outputs.
 *
 * A value is right if it differs by at most a thousandth (f16: a fiftieth) of its size and its tensor's root mean square
 * together. Where comparisons or roundings to whole numbers decide, one value in a hundred may differ.
 *
 * Throws `WeftError`: "input", "program", "weights", "no-device", "gpu", "out-of-memory", "device-lost".
 */
export async function verify(given: Program | Verification, options: VerifyOptions = {}): Promise<Verdict> {
  checkOptions("verify", options, { ...LOAD, batches: BATCHES });
  const subject = subjectOf(given);
  const { device } = options;
  const gpu = await openGpu(device, subject.program);
  try {
    return await verdictOn(gpu, subject, options);
  } finally {
    if (typeof device !== "object") gpu.device.destroy();
  }
}

/** What `load` may be given here. */
export interface LoadVerifiedOptions extends VerifyOptions {
  /**
   * "once": the first time that this adapter loads this program; what came of it is kept in `store`. "always": at every load.
   * Default "once".
   */
  readonly verify?: "once" | "always";
  /** Where verdicts are kept: default a page's `localStorage`; without one, until the process ends. */
  readonly store?: Store;
}

const LOAD_VERIFIED = {
  ...LOAD,
  batches: BATCHES,
  verify: ['"once" or "always"', (value) => value === "once" || value === "always"] satisfies Rule,
  store: [
    "an object with getItem and setItem, such as localStorage",
    (value) => ["getItem", "setItem"].every((f) => typeof Object(value)[f] === "function"),
  ] satisfies Rule,
};

/** A session, and what is known of its device. */
export interface VerifiedSession extends SizedSession {
  /** Why the program runs in WebAssembly in place of the GPU that was there: what it computed wrongly, in a sentence. */
  readonly refused: string | undefined;
  /** As `verify`, of this program with the weights of this session, on the device that it runs on. */
  verify(options?: Pick<VerifyOptions, "batches" | "seed">): Promise<Verdict>;
}

/**
 * As `load` of weftgpu/sized, once the device has computed the program's outputs right. Where it has not, the program runs in
 * WebAssembly, unless the device was given: then it throws `WeftError` "gpu" with what differs. Else throws as `verify`.
 */
export async function load(program: Program, options: LoadVerifiedOptions = {}): Promise<VerifiedSession> {
  checkOptions("load", options, LOAD_VERIFIED);
  const { verify: when = "once", store = storeHere(), batches, ...plain } = options;
  const subject = subjectOf(program);
  const gpu = await openGpu(plain.device, program);
  const own = typeof plain.device !== "object";
  try {
    const refused = gpu.runsOn.kind === "wasm" ? undefined : await refusal();
    if (refused && !own) throw new WeftError("gpu", refused);
    const session = await loadPlain(program, { ...plain, device: refused ? "wasm" : gpu.device });
    if (refused) gpu.device.destroy();
    return {
      ...session,
      program,
      get runsOn() {
        return session.runsOn;
      },
      refused,
      verify: (chosen = {}) =>
        verify(program, { ...plain, device: refused ? "wasm" : gpu.device, ...chosen }),
      destroy() {
        session.destroy();
        if (own) gpu.device.destroy();
      },
    };
  } catch (error) {
    if (own) gpu.device.destroy();
    throw error;
  }

  /** What the device computes wrongly, from memory or by trying; undefined of a right one. */
  async function refusal(): Promise<string | undefined> {
    const { adapterInfo } = gpu.device;
    const known = when === "once" ? recall(store, program, adapterInfo) : undefined;
    if (known) return known.refused;
    const verdict = await verdictOn(gpu, subject, { ...plain, ...(batches && { batches }) });
    const [fault] = verdict.faults;
    const refused = fault && `${program.name} on ${verdict.device || "this GPU"}: ${faultText(fault)}`;
    remember(store, program, adapterInfo, { refused });
    return refused;
  }
}
