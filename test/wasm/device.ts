/**
 * A GPUDevice that runs the WebAssembly of programs. What is bound to a dispatch is laid side by side in a memory that holds no
 * number elsewhere, as the least that `contract/wasm.ts` promises: what a kernel reads beyond and does not drop is seen in the
 * result, and what it writes elsewhere is an error.
 */
import { must } from "../../compiler/errors.ts";
import type { Program, Shader } from "../../contract/program.ts";
import { ALIGNMENT } from "../../contract/wasm.ts";
import { interpreter } from "../wgsl/device.ts";
import type { Bound, Machine } from "../wgsl/machine.ts";

/** A kernel of a module (`contract/wasm.ts`). */
type KernelFunction = (first: number, last: number, batch: number, ...bindings: readonly number[]) => void;

const PAGE = 65_536;
/** In each byte: no number of f32, and an index far outside as a whole one. */
const FILLING = 0xff;

/** All programs share a memory: they run one after the other. */
export const memory = new WebAssembly.Memory({ initial: 16, maximum: PAGE });

/** A device for the kernels of some programs for WebAssembly. */
export function wasmChecker(...programs: readonly Program[]): GPUDevice {
  const machines = new Map<string, Machine>();
  for (const program of programs) {
    const { code, slack } = must(program.module, "module: the program is not for WebAssembly");
    const kernels = kernelsOf(bytesOf(code));
    program.kernels.forEach((kernel, i) => {
      const machine = machineOf(kernel, must(kernels[i], "kernel"), slack);
      // Asked for by its module's code and its number, or by its text.
      machines.set(`${code} ${i}`, machine).set(`${kernel.wgsl} main`, machine);
    });
  }
  return interpreter({
    runsOn: { kind: "wasm", threads: 1, text: "WebAssembly, checked" },
    machineFor: (code, entryPoint) => must(machines.get(`${code} ${entryPoint}`), "kernel of these programs"),
  });
}

/** The functions that a module exports, in order. Throws where it is not valid. */
export function kernelsOf(code: Uint8Array<ArrayBuffer>): readonly KernelFunction[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { "": { m: memory } });
  return Object.keys(exports).map((_, i) => exports[`${i}`] as KernelFunction); // what the contract says of it
}

export const bytesOf = (code: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(code, "base64"));

/** `slack`: bytes before and behind bindings that it may read. */
export function machineOf(
  kernel: Pick<Shader, "name" | "usesBatch" | "bindings">,
  run: KernelFunction,
  slack: number,
): Machine {
  const first = kernel.usesBatch ? 1 : 0;
  const writes = kernel.bindings.flatMap((b, i) => (b.access === "read_write" ? [first + i] : []));
  const gap = Math.ceil(slack / ALIGNMENT) * ALIGNMENT;
  let runs = 0;
  return {
    writes,
    run(bound, [x, y, z]) {
      // At the memory's beginning and at its end by turns: what is fetched beyond the slack ends in a trap.
      const { places, start, end } = laidOut(bound, gap, runs++ % 2 === 1);
      const [batch, addresses] = first === 1 ? [places[0] ?? 0, places.slice(1)] : [0, places];
      const count = x * y * z;
      const middle = count >> 1;
      // Calls may divide a dispatch in any way, in any order.
      try {
        run(middle, count, batch, ...addresses);
        run(0, middle, batch, ...addresses);
      } catch (e) {
        throw new Error(`kernel "${kernel.name}": ${e instanceof Error ? e.message : e}`, { cause: e });
      }
      const after = new Uint8Array(memory.buffer, 0, end);
      let from = start;
      bound.forEach(({ bytes, offset = 0, written }, i) => {
        const at = places[i] ?? 0;
        const own = new Uint8Array(bytes, offset);
        const now = after.subarray(at, at + own.length);
        if (after.subarray(from, at).some((b) => b !== FILLING))
          throw new Error(`kernel "${kernel.name}" writes before binding ${i}`);
        from = at + own.length;
        if (Buffer.compare(own, now) === 0) return;
        if (!writes.includes(i))
          throw new Error(`kernel "${kernel.name}" writes to binding ${i}, which it reads`);
        // Whole words that it changed.
        const [old, words] = [
          new Uint32Array(bytes, offset),
          new Uint32Array(memory.buffer, at, own.length >> 2),
        ];
        words.forEach((w, word) => {
          if (w !== old[word] && written) written[(offset >> 2) + word] = 1;
        });
        own.set(now);
      });
      if (after.subarray(from).some((b) => b !== FILLING))
        throw new Error(`kernel "${kernel.name}" writes behind its last binding`);
    },
  };
}

/** Bytes that hold no number on both sides of all that is laid out, where there is room. */
const MARGIN = 64;

/** Where the bindings lie in the memory, and where what holds no number begins and ends. `late`: as far behind as they can. */
function laidOut(
  bound: readonly Bound[],
  gap: number,
  late: boolean,
): { readonly places: readonly number[]; readonly start: number; readonly end: number } {
  let size = gap;
  const offsets = bound.map(({ bytes, offset = 0 }) => {
    const at = size;
    size = at + Math.ceil((bytes.byteLength - offset) / ALIGNMENT) * ALIGNMENT + gap;
    return at;
  });
  const missing = size + MARGIN - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  const whole = memory.buffer.byteLength;
  const first = late ? whole - size : 0;
  const [start, end] = [Math.max(0, first - MARGIN), Math.min(whole, first + size + MARGIN)];
  const all = new Uint8Array(memory.buffer);
  all.fill(FILLING, start, end);
  const places = offsets.map((at) => first + at);
  bound.forEach(({ bytes, offset = 0 }, i) => void all.set(new Uint8Array(bytes, offset), places[i]));
  return { places, start, end };
}
