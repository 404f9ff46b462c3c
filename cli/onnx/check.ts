/** An imported model beside onnxruntime: the same inputs, and every tensor that both compute. */
import { compile } from "../../compiler/compile.ts";
import { plural, UserError } from "../../compiler/errors.ts";
import { type Dims, type Imported, importOnnx } from "../../compiler/onnx/index.ts";
import { targetFor } from "../../compiler/strategies/target.ts";
import { ARRAYS, type Tensor } from "../../contract/tensor.ts";
import type { Dim } from "../../contract/type.ts";
import { load } from "../../runtime/sized.ts";
import { openPlace, type Place } from "../device.ts";
import { type Batch, readInputs } from "../input/read.ts";
import type { Ui } from "../ui.ts";
import { nameOf, type OnnxFile } from "./load.ts";

export interface Check {
  readonly equal: boolean;
  /** How many tensors were compared, and how many differ. */
  readonly tensors: number;
  readonly differs: number;
  /** The first in the file's order that differs. */
  readonly first?: Difference;
  readonly text: string;
}

export interface Difference {
  readonly name: string;
  readonly worst: number;
  readonly at: number;
  readonly got: number;
  readonly expected: number;
}

/** Of the largest element: what rounding to f32, in another order of sums, comes to in deep models. */
const TOLERANCE = 1e-4;
/** onnxruntime's sigmoid and tanh promise no more than this. */
const LEAST = 1e-6;
/** Examples of a drawn batch, and the most of other sizes that a run decides. */
const BATCH = 2;
const LONGEST = 16;

interface Settings {
  readonly input?: readonly string[];
  readonly seed: number;
  readonly dims?: Dims;
}

/** @throws UserError where onnxruntime is not installed, or refuses the file */
export async function check(
  path: string,
  { bytes, files }: OnnxFile,
  { model }: Imported,
  { input, seed, dims }: Settings,
  place: Place,
  ui: Ui,
): Promise<Check> {
  const inputs = model.graph.inputs.map(({ name, node }) => ({ name, ...node.type }));
  const feeds = input ? given(await readInputs(inputs, input, { note: ui.note })) : drawn(inputs, seed);
  const whole = importOnnx(bytes, { name: nameOf(path), files, outputs: "all", ...(dims && { dims }) });
  const names = whole.model.graph.outputs.map((o) => o.name);
  const own = new Set(model.graph.outputs.map((o) => o.name));
  const more = names.filter((name) => !own.has(name));
  const theirs = await onnxruntime(path, withOutputs(bytes, more), files, feeds);
  const opened = await openPlace(ui, place);
  try {
    const { program } = compile(whole.model.graph, {
      target: place.wasm ? "wasm" : targetFor(opened.device),
    });
    const session = await load(program, { device: opened.device, weights: whole.weights });
    const used = Object.fromEntries(
      program.inputs.map(({ name }) => [name, feeds[name] ?? { shape: [], data: new Float32Array() }]),
    );
    const ours = await session.run(used);
    return compared(names, ours, theirs);
  } finally {
    opened.close();
  }
}

type Tensors = Readonly<Record<string, Tensor>>;
interface Input {
  readonly name: string;
  readonly dtype: keyof typeof ARRAYS;
  readonly shape: readonly Dim[];
}

const given = (batches: readonly Batch[]): Tensors =>
  Object.fromEntries(
    batches.map(({ target, shape, data }) => [
      target.name,
      { shape: target.batched ? shape : target.example, data },
    ]),
  );

/** Numbers from −1 to 1, and whole ones that are small, from a seed. */
function drawn(inputs: readonly Input[], seed: number): Tensors {
  let state = seed + 1;
  // Park & Miller 1988, "minimal standard": every machine draws the same.
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const size = (d: Dim): number => (typeof d === "number" ? d : d === "N" ? BATCH : Math.min(d.max, LONGEST));
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const sizes = shape.map(size);
      const count = sizes.reduce((a, d) => a * d, 1);
      const data = new ARRAYS[dtype](count);
      for (let i = 0; i < count; i++) data[i] = dtype === "f32" ? 2 * next() - 1 : Math.floor(next() * 4);
      return [name, { shape: sizes, data }];
    }),
  );
}

/** Those of its own that it says of each input. */
async function onnxruntime(
  path: string,
  bytes: Uint8Array,
  files: OnnxFile["files"],
  feeds: Tensors,
): Promise<Tensors> {
  const ort = await import("onnxruntime-node").catch(() => {
    throw new UserError({
      problem: "onnxruntime-node is not installed, and --check compares with it",
      fix: "npm install --save-dev onnxruntime-node",
    });
  });
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      logSeverityLevel: 3,
      externalData: Object.entries(files).map(([path, data]) => ({ path, data })),
    });
    const types = new Map(session.inputMetadata.map((m) => [m.name, "type" in m ? m.type : "float32"]));
    const tensors = Object.fromEntries(
      [...types].map(([name, type]) => {
        const { shape = [], data = new Float32Array() } = feeds[name] ?? {};
        if (type === "int64") return [name, new ort.Tensor("int64", BigInt64Array.from(data, BigInt), shape)];
        if (type === "bool")
          return [
            name,
            new ort.Tensor(
              "bool",
              Uint8Array.from(data, (v) => (v > 0 ? 1 : 0)),
              shape,
            ),
          ];
        if (type === "int32") return [name, new ort.Tensor("int32", Int32Array.from(data), shape)];
        return [name, new ort.Tensor("float32", Float32Array.from(data), shape)];
      }),
    );
    const results = await session.run(tensors);
    await session.release();
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { shape: dims, data: Float32Array.from(data as ArrayLike<number>, Number) },
      ]),
    );
  } catch (error) {
    throw new UserError({
      problem: `onnxruntime cannot run ${path}: ${error instanceof Error ? error.message : String(error)}`,
      fix: "--input with numbers that the model takes",
    });
  }
}

/**
 * The file with more outputs: a message that follows another is a part of it in protocol buffers, so that what is added is a graph
 * with outputs alone.
 */
export function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const text = new TextEncoder();
  const field = (id: number, body: Uint8Array): Uint8Array =>
    joined([Uint8Array.of((id << 3) | 2), varint(body.length), body]);
  const outputs = joined(names.map((name) => field(12, field(1, text.encode(name)))));
  return joined([bytes, field(7, outputs)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

function compared(names: readonly string[], ours: Tensors, theirs: Tensors): Check {
  const both = names.filter((name) => ours[name] && theirs[name]);
  const differences = both.flatMap((name) => {
    const [a, b] = [ours[name], theirs[name]];
    const found = a && b && difference(name, a.data, b.data);
    return found ? [found] : [];
  });
  const [first] = differences;
  const tensors = both.length;
  const text = first
    ? `checked: ${differences.length} of ${tensors} ${plural(tensors, "tensor")} ${differences.length === 1 ? "differs" : "differ"} from onnxruntime's; the first is ${first.name}: ${first.got} in place of ${first.expected} at element ${first.at}`
    : `checked: all ${tensors} ${plural(tensors, "tensor")} are onnxruntime's within ${TOLERANCE} of their largest elements`;
  return { equal: !first, tensors, differs: differences.length, ...(first && { first }), text };
}

function difference(name: string, got: ArrayLike<number>, want: ArrayLike<number>): Difference | undefined {
  let largest = 0;
  for (let i = 0; i < want.length; i++)
    if (Number.isFinite(want[i])) largest = Math.max(largest, Math.abs(want[i] ?? 0));
  let worst: Difference | undefined =
    got.length === want.length
      ? undefined
      : { name, worst: Infinity, at: 0, got: got.length, expected: want.length };
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] ?? Number.NaN, want[i] ?? Number.NaN];
    const equal = g === w || (Number.isNaN(g) && Number.isNaN(w)) || Math.abs(g - w) <= LEAST;
    const error = equal ? 0 : Math.abs(g - w) / largest;
    if (error <= TOLERANCE || (worst && error <= worst.worst)) continue;
    worst = { name, worst: Number.isNaN(error) ? Infinity : error, at: i, got: g, expected: w };
  }
  return worst;
}
