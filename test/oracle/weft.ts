/** Compiles a graph and runs it: in WebAssembly, as its WGSL says, or on this machine's adapter with a device that is shared. */
import { type Compilation, type CompileOptions, compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { DEVICES } from "../../compiler/strategies/devices.ts";
import { type TargetName, targets } from "../../compiler/strategies/target.ts";
import type { Program, Signature } from "../../contract/program.ts";
import { ARRAYS } from "../../contract/tensor.ts";
import type { DType } from "../../contract/type.ts";
import type { Tensor } from "../../runtime/index.ts";
import { packed } from "../../runtime/quantised.ts";
import { load } from "../../runtime/sized.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { usualDevice } from "../adapter.ts";
import { wasmChecker } from "../wasm/device.ts";
import { interpreter } from "../wgsl/device.ts";
import type { Arrays, NdArray } from "./array.ts";

let opened: Promise<GPUDevice> | undefined;

/** The device that all tests of a file share. */
export function device(): Promise<GPUDevice> {
  opened ??= usualDevice().then(({ device, adapter }) => {
    console.log(`adapter: ${adapter.name}`);
    return device;
  });
  return opened;
}

let computing: Promise<GPUDevice> | undefined;

/** The runtime's own device for WebAssembly, in this thread, that all tests of a file share. */
export function wasm(): Promise<GPUDevice> {
  computing ??= wasmDevice({ threads: 1 });
  return computing;
}

export async function closeDevice(): Promise<void> {
  (await opened)?.destroy();
  opened = undefined;
  (await computing)?.destroy();
  computing = undefined;
}

const toTensor = (x: NdArray, dtype: DType): Tensor => ({ shape: x.shape, data: ARRAYS[dtype].from(x.data) });

const toTensors = (arrays: Arrays, signatures: readonly Signature[]): Record<string, Tensor> =>
  Object.fromEntries(
    signatures.map(({ name, dtype }) => {
      const value = arrays[name];
      if (!value) throw new Error(`no value for ${name}`);
      return [name, toTensor(value, dtype)];
    }),
  );

/**
 * What a graph is compiled for whose numbers are compared, where the test is of no target: three of four, told by how many
 * numbers there are, for WebAssembly, which takes the least time to build and to run. WEFT_ADAPTER: none.
 */
export function usualTarget({ nodes }: Pick<Graph, "nodes">): "portable" | "wasm" {
  const count = nodes.reduce(
    (sum, { type }) => sum + type.shape.reduce<number>((a, d) => a + (Number(d) || 1), 1),
    0,
  );
  return process.env["WEFT_ADAPTER"] || count % 4 === 0 ? "portable" : "wasm";
}

/** Runs a program in this process, with checks: by its module, or else by its kernels' text (`test/wgsl`). */
export const hereFor = (program: Program): GPUDevice =>
  program.module ? wasmChecker(program) : interpreter();

/**
 * Where a program is run whose numbers are compared: of those for WebGPU an eighth, told by how long their text is, on the
 * adapter; the others in this process, since a software adapter builds a small kernel for longer than that takes, and lets
 * pass what nobody wrote. WEFT_ADAPTER: all of them for WebGPU on that adapter.
 */
export async function deviceFor(program: Program): Promise<GPUDevice> {
  const length = program.kernels.reduce((sum, { wgsl }) => sum + wgsl.length, 0);
  const isThere = process.env["WEFT_ADAPTER"] || length % 8 === 0;
  return isThere && !program.module ? device() : hereFor(program);
}

/** Runs a compiled program once for each set of inputs. */
export async function runProgram(
  program: Program,
  params: Arrays,
  ...inputs: readonly Arrays[]
): Promise<Record<string, Tensor>[]> {
  return await runProgramOn(await deviceFor(program), program, params, inputs);
}

/**
 * As `runProgram`, always on the adapter, or on the runtime's own device where the program is for WebAssembly: what it makes of
 * numbers is asked, or there is much to compute.
 */
export async function runOnAdapter(
  program: Program,
  params: Arrays,
  ...inputs: readonly Arrays[]
): Promise<Record<string, Tensor>[]> {
  return await runProgramOn(await (program.module ? wasm() : device()), program, params, inputs);
}

/** As `runProgram`, on a device of one's own. */
export async function runProgramOn(
  device: GPUDevice,
  program: Program,
  params: Arrays,
  inputs: readonly Arrays[],
): Promise<Record<string, Tensor>[]> {
  // Indices that are out of range are let through: kernels read at the nearest place, as the oracle does.
  const any = { ...program, inputs: program.inputs.map(({ below: _, ...input }) => input) };
  const session = await load(...packed(any, { weights: toTensors(params, program.params), device }));
  try {
    const results: Record<string, Tensor>[] = [];
    for (const set of inputs) results.push(await session.run(toTensors(set, program.inputs)));
    return results;
  } finally {
    session.destroy();
  }
}

/** All targets but the records of makers, which choose among the schedules of "gpu". */
export const kindsOfTarget: readonly TargetName[] = (Object.keys(targets) as TargetName[]).filter(
  (name) => !DEVICES.some((d) => d === name),
);

/** Compiled for every target whose kernels differ. */
export function everyTarget(graph: Graph): ReadonlyMap<TargetName, Compilation> {
  const all = (["portable", "octets", "wasm"] as const).map(
    (target) => [target, compile(graph, { target })] as const,
  );
  return new Map(all.filter(([target, { program }]) => target !== "octets" || program.features));
}

/** Compiles, for `usualTarget` where none is said, runs once, and returns the outputs by name. */
export async function runWeft(
  graph: Graph,
  inputs: Arrays,
  params: Arrays,
  options: CompileOptions = {},
): Promise<Record<string, Tensor>> {
  const [result] = await runProgram(
    compile(graph, { target: usualTarget(graph), ...options }).program,
    params,
    inputs,
  );
  if (!result) throw new Error("no result");
  return result;
}
