/** A program carried out on a device beside its reference, and what came of it. */
import { WeftError } from "../../contract/errors.ts";
import { halves } from "../../contract/half.ts";
import { dispatchesFor, type Program, type Shader } from "../../contract/program.ts";
import { boundsOf, wordsOf } from "../../contract/sizes.ts";
import { converted, Half } from "../../contract/stored.ts";
import { ARRAYS, permute, sizeOf, type Tensor, type TensorData, unpermute } from "../../contract/tensor.ts";
import { showSizes } from "../../contract/type.ts";
import { type Probe, probesFor, type Verification } from "../../contract/verification.ts";
import { copyOut, Executable, encodePass } from "../executable.ts";
import type { Gpu } from "../gpu.ts";
import { load } from "../index.ts";
import type { LoadOptions } from "../options.ts";
import { atMost } from "../sizes.ts";
import { trace } from "../trace.ts";
import { valuesOf } from "../values.ts";
import { compare, type Differing, drawnInputs, type Manner } from "./compare.ts";

/** What `verify` may be given; weights and inputs are drawn from `seed` where there are none. */
export interface VerifyOptions extends LoadOptions {
  /**
   * How many examples a run has. Default: the least batch of each of the program's ranges, up to 8: `[1, 2]`. Larger batches
   * may have kernels of their own; they are looked at where such a batch is named (`batchesOf` gives one of each).
   */
  readonly batches?: readonly number[];
}

/** What a kernel stores wrongly. */
export interface Fault extends Differing {
  /** Whose values they are; where outputs alone were compared, the output. */
  readonly layer: string;
  /** Absent where outputs alone were compared. */
  readonly kernel?: string;
  /** All that the kernel computes. */
  readonly layers: readonly string[];
  readonly batch: number;
}

/** What came of verifying a program on a device. */
export interface Verdict {
  /** As `Session.runsOn.text`. */
  readonly device: string;
  readonly batches: readonly number[];
  /** How many tensors were compared, over all batches. */
  readonly compared: number;
  /** Layers whose reference is nowhere finite on what was drawn, so that nothing can be said of them. */
  readonly skipped: readonly string[];
  /** The largest difference among right values, relative to the root mean square of their tensor. */
  readonly worst: { readonly layer: string; readonly difference: number } | undefined;
  /** In the order of the run. Each kernel is given what is right, so that no fault is another's reason. */
  readonly faults: readonly Fault[];
}

/** `conv2 (kernel conv2_pool2, with pool2): 12 of 400 values differ at N = 2, most at [0, 3, 1, 1]: 0.5 in place of 1.5` */
export function faultText({ layer, kernel, layers, batch, count, of, at, got, want }: Fault): string {
  const others = layers.filter((l) => l !== layer).join(", ");
  const where = kernel === undefined ? "" : ` (kernel ${kernel}${others && `, with ${others}`})`;
  const many = `${count.toLocaleString("en-US")} of ${of.toLocaleString("en-US")} value${of > 1 ? "s" : ""}`;
  return `${layer}${where}: ${many} differ${count > 1 ? "" : "s"} at N = ${batch}, most at ${showSizes(at)}: ${got} in place of ${want}`;
}

/** What is compared with what: all that kernels store, or, without probes, the outputs. */
export interface Subject {
  readonly program: Program;
  readonly reference: Program;
  readonly probed: Verification | undefined;
}

/** Throws `WeftError` "program". */
export function subjectOf(given: Program | Verification): Subject {
  if (given?.format === "weft-verification")
    return { program: atMost(given.program), reference: atMost(given.reference), probed: given };
  if (given?.format !== "weft-program")
    throw new WeftError("program", "verify: no Weft program, and no verification of one");
  const { wasm } = given;
  if (!wasm)
    throw new WeftError(
      "program",
      `${given.name} has no form for WebAssembly to compare with; try: compile(graph, { wasm: true }), or verification(graph)`,
    );
  return { program: atMost(given), reference: atMost(wasm), probed: undefined };
}

/** The least batch of each of a program's ranges: all its kernels. */
export const batchesOf = ({ ranges, inputs }: Program): readonly number[] =>
  inputs.some((i) => i.shape.includes("N")) ? [1, ...(ranges ?? [{ most: 1 }]).map((r) => r.most + 1)] : [1];

/** The largest batch that is looked at unasked. */
const UNASKED = 8;

export async function verdictOn(
  gpu: Gpu,
  { program: given, reference, probed }: Subject,
  { weights, seed = 0, batches = batchesOf(given).filter((n) => n <= UNASKED) }: VerifyOptions,
): Promise<Verdict> {
  const verdict = new Notes();
  const right = await load(reference, { seed, ...(weights !== undefined && { weights }), device: "wasm" });
  const executable = await Executable.open(gpu, given);
  const { program } = executable;
  try {
    const values = valuesOf(program, weights, seed);
    for (const batch of batches) {
      const inputs = drawnInputs(program, batch, seed);
      const words = wordsOf(program, boundsOf(program));
      const wanted = await right.run(inputs, ...words);
      await executable.build(batch);
      await gpu.scoped(`${program.name}, batch of ${batch}`, () => {
        executable.fill(program.params, values);
        executable.feed(batch, Object.values(inputs), ...words);
      });
      await (probed
        ? byKernel(executable, probed, batch, wanted, verdict)
        : whole(executable, batch, wanted, verdict));
    }
  } finally {
    executable.destroy();
    right.destroy();
  }
  const { compared, skipped, worst, faults } = verdict;
  return { device: gpu.runsOn.text, batches, compared, skipped: [...skipped], worst, faults };
}

/** A verdict as it comes about. */
class Notes {
  compared = 0;
  readonly skipped = new Set<string>();
  worst: Verdict["worst"];
  readonly faults: Fault[] = [];

  take(
    got: TensorData,
    want: Tensor,
    manner: Manner,
    of: Pick<Fault, "layer" | "kernel" | "layers" | "batch">,
  ): void {
    const result = compare(got, want, manner);
    const { layer } = of;
    if (result.of === 0) this.skipped.add(layer);
    else this.compared++;
    if (result.differing) this.faults.push({ ...of, ...result.differing });
    if (result.difference > (this.worst?.difference ?? 0))
      this.worst = { layer, difference: result.difference };
  }
}

/** Each kernel's results; after it, what is right stands in their place. */
async function byKernel(
  executable: Executable,
  probed: Verification,
  batch: number,
  wanted: Readonly<Record<string, Tensor>>,
  notes: Notes,
): Promise<void> {
  const { gpu, program } = executable;
  const dispatches = [...program.prepare, ...dispatchesFor(program, batch)];
  const probes = probesFor(probed, batch);
  await trace(executable, dispatches, batch, async (held, { dispatch, binding, buffer }) => {
    const probe = probes[dispatch]?.find((p) => p.binding === binding);
    if (!probe) return undefined; // a strategy's own
    const { layer } = probe;
    const want = wanted[layer] as Tensor; // an output of the reference
    const { kernel, layers } = dispatches[dispatch] as (typeof dispatches)[number]; // its position
    const { name } = program.kernels[kernel] as Shader;
    const { order, storage } = probe;
    const { shape, data } = want;
    const elements = elementsOf(held, data, storage);
    const got = order ? unpermute(elements, shape, order) : elements;
    notes.take(got, want, probe, { layer, kernel: name, layers, batch });
    const lying = order ? permute(data, shape, order) : data;
    await gpu.scoped(`the reference of ${layer}`, () =>
      gpu.write(executable.buffer(buffer), storage ? halves(lying) : lying),
    );
    return undefined;
  });
}

/** As many of a buffer's elements as the tensor has. */
function elementsOf(held: ArrayBuffer, like: TensorData, storage: Probe["storage"]): TensorData {
  if (storage) return converted(new Half(held, 0, like.length), "f32").data;
  const Elements = like.constructor as (typeof ARRAYS)[keyof typeof ARRAYS]; // a TensorData's
  return new Elements(held, 0, like.length);
}

/** All in one run: its outputs. */
async function whole(
  executable: Executable,
  batch: number,
  wanted: Readonly<Record<string, Tensor>>,
  notes: Notes,
): Promise<void> {
  const { program } = executable;
  const { outputs, name } = program;
  const tensors = outputs.map((output) => wanted[output.name] as Tensor); // the reference's are the same
  const sizes = tensors.map(({ shape }) => 4 * sizeOf(shape));
  const storage = program.features?.includes("shader-f16") ? "f16" : undefined;
  const parts = await executable.run(`${name}, batch of ${batch}`, () => {
    const dispatches = executable.reserve(batch);
    const buffers = outputs.map(({ buffer }) => executable.buffer(buffer));
    return {
      sizes,
      encode(encoder, staging) {
        encodePass(encoder, dispatches, batch);
        copyOut(encoder, staging, buffers, sizes);
      },
    };
  });
  outputs.forEach(({ name: layer, dtype }, i) => {
    const got = new ARRAYS[dtype](parts[i] as ArrayBuffer); // one for each
    notes.take(
      got,
      tensors[i] as Tensor,
      { storage, jumps: dtype !== "f32", whole: true },
      { layer, layers: [], batch },
    );
  });
}
