/**
 * Small parameters of a frozen model as numbers in the WGSL: no buffer and no loads. A parameter is baked where every
 * load of it, in every kernel, has a constant address once its schedule has written sums and tiles out.
 */

import type { BakedParam } from "../../contract/program.ts";
import { showShape } from "../../contract/shapes.ts";
import { digestOf } from "../../contract/tensor.ts";
import { must, plural, UserError } from "../errors.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Kernel, Schedule } from "../ir/kernel.ts";
import { nameOf } from "../ir/region.ts";
import { inBuffer, type Storages, type StorageType, typeOf } from "../ir/storage.ts";
import { sameShape } from "../ir/type.ts";
import { codecs } from "../ops/codec.ts";

/** Values of parameters by name: what `readSafetensors` gives, or some of it. */
export interface BakeValues {
  readonly [name: string]: {
    readonly shape: readonly number[];
    /** Row-major. */
    readonly data: ArrayLike<number>;
  };
}

/** Of every parameter that was given: whether its values stand in the kernels, and why. */
export interface Baking {
  readonly name: string;
  readonly baked: boolean;
  readonly reason: string;
}

/** Elements of a parameter that may stand in the text: about 30 bytes each before compression. */
export const MOST_BAKED = 1024;

type Values = ReadonlyMap<Node, Float32Array>;
type Param = Extract<Node, { kind: "param" }>;

/**
 * The values that were given, checked, by parameter of the graph.
 *
 * Throws `UserError` where a name is none of the graph's parameters, a shape is another one, a number is not finite
 * (or beyond f16 where it is stored so), and for training steps.
 */
export function checkedValues(graph: Graph, given: BakeValues, storages: Storages): Values {
  if (graph.updates)
    throw new UserError({
      problem: `${graph.name} cannot be trained with weights as constants`,
      rule: "training changes its parameters; what is baked into WGSL stays as it is",
      fix: "bake the weights that training gave: into the program for inference",
    });
  const params = new Map(
    graph.nodes.flatMap((n) => (n.kind === "param" ? [[n.origin.name, n] as const] : [])),
  );
  return new Map(
    Object.entries(given).map(([name, value]) => {
      const param = params.get(name);
      if (!param)
        throw new UserError({
          problem: `"${name}" is to be baked, but ${graph.name} has no such parameter`,
          rule: `its parameters are ${[...params.keys()].join(", ") || "none"}`,
          fix: "give the weights that were saved from this model",
        });
      return [param, checkedTensor(param, value, typeOf(storages, param))];
    }),
  );
}

function checkedTensor(param: Param, { shape, data }: BakeValues[string], stored: StorageType): Float32Array {
  const problem = (text: string, rule: string): UserError =>
    new UserError({ problem: `"${param.origin.name}" cannot be baked: ${text}`, rule, fix: "other weights" });
  if (!sameShape(shape, param.type.shape))
    throw problem(
      `it has shape ${showShape(shape)}, the model wants ${showShape(param.type.shape)}`,
      "weights have the shapes of the model's parameters",
    );
  const count = shape.reduce((a, d) => a * d, 1);
  if (data.length !== count)
    throw problem(
      `it holds ${data.length} ${plural(data.length, "number")}`,
      `its shape ${showShape(shape)} needs ${count}`,
    );
  const values = Float32Array.from(data);
  const bad = values.findIndex((x) => !(Math.abs(x) <= codecs[stored].largest));
  if (bad >= 0)
    throw problem(
      `it holds ${values[bad]} at element ${bad}`,
      stored === "f32"
        ? "weights are finite numbers"
        : `${stored} holds finite numbers up to ±${codecs[stored].largest}`,
    );
  return values;
}

/** What decides which parameters are baked. */
export interface BakeOptions {
  readonly kernels: readonly Kernel[];
  readonly storages: Storages;
  /** What was given. */
  readonly values: Values;
  schedule(kernel: Kernel, storages: Storages): Schedule;
  /** The tensors that a kernel loads from buffers: all but those whose addresses are constants and which are baked. */
  loaded(kernel: Kernel, schedule: Schedule, storages: Storages): ReadonlySet<Node>;
}

export interface Baked {
  /** With the values that are baked, rounded as they would be stored. */
  readonly storages: Storages;
  /** One for each kernel. */
  readonly schedules: readonly Schedule[];
  readonly baking: readonly Baking[];
}

/**
 * Schedules that may count on constants, and the parameters that turn out to be such. At first all small ones are
 * candidates; one with a load that is none of a constant address is given up, and what reads it is scheduled anew.
 */
export function bakeWherePossible({ kernels, storages, values, schedule, loaded }: BakeOptions): Baked {
  const given = [...values.keys()];
  const why = new Map<Node, string>();
  for (const param of given) {
    const reason = unfit(param, values, storages, kernels);
    if (reason !== undefined) why.set(param, reason);
  }
  const rounded = new Map(
    [...values].map(([p, v]) => [p, typeOf(storages, p) === "f16" ? v.map(roundedToHalf) : v]),
  );
  const withCandidates = (): Storages => {
    const now = new Map(storages);
    for (const [param, numbers] of rounded)
      if (!why.has(param)) now.set(param, { ...must(now.get(param), "storage"), values: numbers });
    return now;
  };
  const schedules = new Map<Kernel, Schedule>();
  for (;;) {
    const now = withCandidates();
    let settled = true;
    for (const kernel of kernels) {
      if (schedules.has(kernel)) continue;
      const chosen = schedule(kernel, now);
      schedules.set(kernel, chosen);
      const candidates = kernel.region.reads.filter((t) => !inBuffer(now, t));
      if (candidates.length === 0) continue;
      const moving = loaded(kernel, chosen, now);
      for (const param of candidates.filter((t) => moving.has(t))) {
        settled = false;
        why.set(
          param,
          `${nameOf(kernel)} reads it at addresses that differ from thread to thread or from step to step`,
        );
        for (const other of kernels) if (other.region.reads.includes(param)) schedules.delete(other);
      }
      if (!settled) break; // nothing further is scheduled for constants that are none
    }
    if (!settled) continue;
    const baking = given.map((param) => ({
      name: param.origin.name,
      baked: !why.has(param),
      reason: why.get(param) ?? "every address at which it is read is a constant",
    }));
    return { storages: now, schedules: kernels.flatMap((k) => schedules.get(k) ?? []), baking };
  }
}

/** Why a parameter is no candidate. */
function unfit(
  param: Node,
  values: Values,
  storages: Storages,
  kernels: readonly Kernel[],
): string | undefined {
  const count = values.get(param)?.length ?? 0;
  if (count > MOST_BAKED) return `${count} elements, more than ${MOST_BAKED}`;
  if (param.type.dtype !== "f32") return `its type is ${param.type.dtype}`;
  if (storages.get(param)?.seen) return "it has to be a buffer: it is overwritten, or an output";
  return kernels.some((k) => k.region.reads.includes(param)) ? undefined : "no kernel reads it";
}

/** What a program says of the parameters that it holds. */
export function bakedParams(storages: Storages, values: Values): readonly BakedParam[] {
  const baked = [...values.keys()].filter((param) => !inBuffer(storages, param));
  return baked.map((param) => {
    const shape = param.type.shape.map(Number);
    return {
      name: param.origin.name,
      shape,
      digest: digestOf({ shape, data: must(values.get(param), "values") }),
    };
  });
}

/** The nearest number of f16, ties to even: what `halves` makes of it. */
function roundedToHalf(x: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(x).buffer);
  const exponent = ((bits >>> 23) & 255) - 127;
  // Adding a number so large that its own last place is f16's step rounds to that step.
  const large = 1.5 * 2 ** (52 + Math.max(exponent, -14) - 10);
  return Math.sign(x) * (Math.abs(x) + large - large);
}
