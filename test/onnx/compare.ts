/** An ONNX file in onnxruntime and, imported, in Weft. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Imported, type ImportOptions, importOnnx } from "../../compiler/onnx/index.ts";
import type { Tensor } from "../../contract/tensor.ts";
import { type Arrays, type NdArray, ndarray, random, randomArray } from "../oracle/array.ts";
import { differences, floorShare, RELATIVE, type Reference, reference } from "../oracle/compare.ts";
import { runWeft } from "../oracle/weft.ts";

/** Computes the outputs of a file with onnxruntime. Throws where it refuses the file. */
export async function runFile(bytes: Uint8Array, feeds: Arrays): Promise<Record<string, NdArray>> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const inputs = Object.fromEntries(
    session.inputMetadata.map((meta) => {
      const value = feeds[meta.name];
      if (!value) throw new Error(`no value for input ${meta.name}`);
      const type = meta.isTensor ? meta.type : "float32";
      return [meta.name, tensorOf(type, value)];
    }),
  );
  const results = await session.run(inputs);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [
      name,
      ndarray(value.dims, Array.from(value.data as ArrayLike<number | bigint>, Number)),
    ]),
  );
}

function tensorOf(type: string, { shape, data }: NdArray): OrtTensor {
  if (type === "int64") return new OrtTensor("int64", BigInt64Array.from(data, BigInt), shape);
  if (type === "int32") return new OrtTensor("int32", Int32Array.from(data), shape);
  if (type === "uint8") return new OrtTensor("uint8", Uint8Array.from(data), shape);
  if (type === "int8") return new OrtTensor("int8", Int8Array.from(data), shape);
  if (type === "bool") return new OrtTensor("bool", Uint8Array.from(data), shape);
  return new OrtTensor("float32", Float32Array.from(data), shape);
}

export const arraysOf = (weights: Readonly<Record<string, Tensor>>): Arrays =>
  Object.fromEntries(Object.entries(weights).map(([name, { shape, data }]) => [name, ndarray(shape, data)]));

/** Numbers that are part of the program. */
const constantsOf = ({ nodes }: Graph): Arrays =>
  Object.fromEntries(
    nodes.flatMap((n) =>
      n.kind === "param" && n.init.kind === "data"
        ? [[n.origin.name, ndarray(n.type.shape.map(Number), n.init.values)]]
        : [],
    ),
  );

/** onnxruntime's sigmoid, tanh and erf promise no more than an absolute error. */
const ABSOLUTE = 1e-7;

/** What Weft's outputs differ in from onnxruntime's; undefined where they are equal within rounding. */
export async function differenceOf(
  bytes: Uint8Array,
  feeds: Arrays,
  options: ImportOptions = {},
): Promise<string | undefined> {
  const imported = importOnnx(bytes, options);
  return differenceFrom(await runFile(bytes, feeds), imported, feeds);
}

export async function differenceFrom(
  theirs: Readonly<Record<string, NdArray>>,
  { model, weights }: Imported,
  feeds: Arrays,
): Promise<string | undefined> {
  const params = { ...arraysOf(weights), ...constantsOf(model.graph) };
  const used = Object.fromEntries(
    Object.keys(model.inputs).map((name) => [name, feeds[name] ?? ndarray([], [0])]),
  );
  const floors = reference(model.graph, used, params, { absolute: ABSOLUTE });
  const wanted: Record<string, Reference> = {};
  for (const [name, value] of Object.entries(theirs)) {
    const floor = Math.max(ABSOLUTE, floors[name]?.floor ?? 0);
    // Where rounding alone moves a result by as much as the tolerance, two samples of it are few.
    wanted[name] = { value, floor: floorShare({ value, floor }) > RELATIVE / 2 ? 8 * floor : floor };
  }
  return differences(await runWeft(model.graph, used, params), wanted);
}

/** Inputs of f32 in the shapes that are said, from a seed. */
export function drawn(shapes: Readonly<Record<string, readonly number[]>>, seed: number): Arrays {
  const next = random(seed);
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, randomArray(shape, next)]));
}
