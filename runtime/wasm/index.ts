/**
 * WebAssembly in place of a GPU: what carries out programs that were compiled for it (`compile(graph, { target: "wasm" })`), on
 * as many threads as the platform lets share a memory. An entry of its own: pages that only use WebGPU load nothing of it.
 *
 *   const session = await load(program, { device: "wasm" });
 *   const session = await load(program, { device: await wasmDevice({ threads: 2 }) });
 */
import { WeftError } from "../../contract/errors.ts";
import { checkOptions, FUNCTION, type Rule } from "../options.ts";
import { Crew, platform } from "./crew.ts";
import { Device, type Modules } from "./device.ts";
import { wasmProblem } from "./simd.ts";

/** What `wasmDevice` may be given. */
export interface WasmOptions {
  /**
   * How many workers divide the work, where memory can be shared: in Node, and in pages that are cross-origin isolated.
   * Elsewhere one worker does it. 1: the thread that calls does everything. Default "auto": a worker for each core, 8 at most.
   */
  readonly threads?: number | "auto";
  /**
   * For hosts that let nobody compile: the module of a program's code, compiled with it. All is done by the thread that
   * calls.
   */
  readonly modules?: Modules;
}

/** More than any machine divides work among. */
const MOST_THREADS = 64;
const USUAL_THREADS = 8;
const THREADS: Rule = [
  `"auto" or a whole number from 1 to ${MOST_THREADS}`,
  (n) => n === "auto" || (Number.isInteger(n) && Number(n) >= 1 && Number(n) <= MOST_THREADS),
];

/**
 * A device for `load`, `createTrainer` and all else that takes one. Programs share it as they would a GPU's; `destroy` frees
 * its memory and ends its workers. Throws `WeftError`: "input" of options, "no-device" where there is no WebAssembly with SIMD or no memory.
 */
export async function wasmDevice(options: WasmOptions = {}): Promise<GPUDevice> {
  checkOptions("wasmDevice", options, { threads: THREADS, modules: FUNCTION });
  const { threads = "auto", modules } = options;
  const problem = wasmProblem();
  if (problem) throw new WeftError("no-device", problem);
  const here = await platform();
  const most = threads === "auto" ? Math.min(USUAL_THREADS, here.cores) : threads;
  // A page's only worker keeps the page free, however many cores there are.
  const count = modules ? 1 : threads === "auto" && !here.sharing ? 2 : most;
  try {
    // It has what the runtime asks of one.
    return new Device((lose) => new Crew(here, count, lose), modules) as unknown as GPUDevice;
  } catch (error) {
    throw new WeftError("no-device", `there is no WebAssembly here: ${(error as Error).message}`);
  }
}
