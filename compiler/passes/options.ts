/** The options that compiling for inference and for training share. */
import { QUANTISED } from "../../contract/quantised.ts";
import type { Tuning } from "../../contract/tuning.ts";
import { UserError } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import {
  finite,
  flag,
  type Kind,
  kindOf,
  objectOf,
  oneOf,
  optional,
  positive,
  show,
  takes,
  text,
} from "../options.ts";
import { type Target, type TargetName, targets } from "../strategies/target.ts";
import type { BakeValues } from "./bake.ts";

const named = oneOf(Object.keys(targets) as TargetName[]); // the record's own keys
const orNull = <T>(kind: Kind<T>): Kind<T | null> => ({
  rule: `${kind.rule}, or null`,
  example: "null",
  read: (value, place) => (value === null ? null : kind.read(value, place)),
});
const time = finite;
const counts = kindOf(
  "a list of whole numbers of at least 1",
  "[64]",
  (value): value is readonly number[] =>
    Array.isArray(value) && value.length > 0 && value.every((n) => Number.isSafeInteger(n) && n > 0),
);
const described = objectOf({
  name: text,
  workgroup: positive,
  registers: positive,
  build: positive,
  runs: positive,
  batch: positive,
  most: orNull(positive),
  opaqueBelow: finite,
  loopedFrom: orNull(positive),
  times: objectOf({
    element: time,
    vector: time,
    shared: time,
    guard: time,
    add: time,
    spilledAdd: time,
    sum: time,
  }),
  quads: flag,
  spread: orNull(objectOf({ workgroups: positive, least: positive })),
  code: oneOf(["wgsl", "wasm"]),
  vectors: orNull(
    objectOf({
      registers: positive,
      load: time,
      gather: time,
      guard: time,
      spill: time,
      loop: time,
      operation: time,
      thread: time,
    }),
  ),
  gpu: orNull(
    objectOf({
      threads: positive,
      stage: orNull(
        objectOf({
          workgroups: counts,
          sums: objectOf({ least: positive, most: positive }),
          depths: counts,
          bytes: positive,
          near: time,
          far: time,
          fetch: time,
          place: time,
          barrier: time,
          pass: time,
          partial: time,
        }),
      ),
      scalar: orNull(time),
    }),
  ),
});

/** The name of a target, or a target. */
const target: Kind<TargetName | Target> = {
  rule: named.rule,
  example: named.example,
  read: (value, place) =>
    typeof value === "object" && value !== null ? described.read(value, place) : named.read(value, place),
};

const isRecord = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const tuning = kindOf(
  "an object of schedules by kernel, as weft tune measures them",
  "{}",
  (value): value is Tuning =>
    isRecord(value) && Object.values(value as object).every((v) => typeof v === "string"),
);

export const compilerFields = {
  typicalBatch: optional(positive),
  target: optional(target),
  tuning: optional(tuning),
  wasm: optional(flag),
};

const values = kindOf(
  "an object of tensors by name, each with its shape and data: what readSafetensors gives",
  "readSafetensors(bytes)",
  (value): value is BakeValues =>
    isRecord(value) &&
    Object.values(value as object).every(
      (t: unknown) =>
        isRecord(t) &&
        Array.isArray((t as BakeValues[string]).shape) &&
        Number.isSafeInteger((t as BakeValues[string]).data?.length),
    ),
);

/** Throws `UserError` for options that `compile` does not take. */
export const checkCompileOptions = takes("compile", {
  batch: optional(positive),
  precision: optional(oneOf(["f32", "f16"])),
  quantise: optional(oneOf(QUANTISED)),
  bake: optional(values),
  ...compilerFields,
});

/** What of the options says whether it is compiled for WebAssembly. */
interface Forms {
  readonly target?: TargetName | Target | undefined;
  readonly wasm?: boolean;
  readonly precision?: string;
}

/** Throws `UserError` where options do not go with WebAssembly, if that is what is compiled for. */
export function checkForms(of: string, { target = "portable", wasm, precision }: Forms): void {
  const { name, code } = typeof target === "string" ? targets[target] : target;
  if (code !== "wasm") return;
  if (precision === "f16")
    throw new UserError({
      problem: `${of}: precision "f16" does not go with the target "${name}"`,
      rule: "WebAssembly has no numbers of 16 bits",
      fix: 'precision: "f32", or quantise: "i8" where weights have to be small',
    });
  if (wasm)
    throw new UserError({
      problem: `${of}: wasm is true, and so is what the target "${name}" says`,
      rule: "wasm puts a program for WebAssembly beside one for WebGPU",
      fix: `leaving one of them out: target: "wasm" is WebAssembly alone, wasm: true both`,
    });
}

/** Throws `UserError` unless it is a graph: a model's `graph`, not the model. */
export function checkGraph(of: string, graph: unknown): asserts graph is Graph {
  const has = (value: unknown, key: string): boolean =>
    typeof value === "object" && value !== null && key in value;
  if (has(graph, "nodes") && has(graph, "outputs") && has(graph, "inputs")) return;
  const model = has(graph, "graph");
  throw new UserError({
    problem: `${of}: its graph is ${model ? "a model" : show(graph)}`,
    rule: "what is compiled is the graph of a model",
    fix: `${of}(model.graph${of === "compile" ? "" : ", { optimizer: sgd({ lr: 0.1 }) }"})`,
  });
}
