/** One random training: every step against float64, by central differences and the optimisers' formulas. */
import { compile } from "../../compiler/compile.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { evaluationStep, type TrainingOptions, trainingStep } from "../../compiler/train/step.ts";
import { METRICS, ROWS, TARGET } from "../../contract/training.ts";
import { shapeAt } from "../../contract/type.ts";
import { type Arrays, type NdArray, random, randomArray, sizeOf } from "../oracle/array.ts";
import type { EvaluateOptions, Meaning } from "../oracle/oracle.ts";
import { hereFor } from "../oracle/weft.ts";
import { execute } from "../train/execute.ts";
import { inTraining, statistics } from "../train/meanings.ts";
import { bounded, gradientsOf, ratesFor, sum, termsOf, updated } from "../train/stepReference.ts";
import { dataFor } from "./data.ts";
import { isIndependent } from "./gradients.ts";
import { checkProperties } from "./properties.ts";
import { buildModel } from "./spec.ts";
import { MOST_TRAINED, printTraining, type TrainingSpec } from "./trainings.ts";
import { userMeanings } from "./userOps.ts";

/** What a step's gradients may be off by: of their own size, of the largest one, and beside values of about 1. */
const OFF = { own: 2e-4, largest: 5e-5, least: 1e-6 } as const;

/** Times what a gradient may be off by: below it, it may be nothing but that. */
const NOTHING = 5;

/** Times the shift of a gradient that the last bits of all numbers cause. */
const ROUNDING = 8;

type Rounding = Pick<EvaluateOptions, "disturb" | "round">;
type Moved = ReturnType<typeof updated>;
const total = ({ data }: NdArray): number => sum(Array.from(data));
const NO_MOMENT = { m: 0, v: 0 } as const;
const NO_MOMENTS: readonly Pick<Moved, "m" | "v">[] = [];

/** f32 has nothing to say: a slope jumps, or numbers are not finite. */
class NothingToCompare extends Error {}

/** False where there is nothing to compare. Throws an error that shows the model file and how it is trained. */
export async function checkTraining(spec: TrainingSpec): Promise<boolean> {
  try {
    await train(spec);
    return true;
  } catch (e) {
    if (e instanceof NothingToCompare) return false;
    const frames =
      e instanceof Error ? (e.stack ?? "").split("\n").filter((l) => /\/(compiler|runtime)\//.test(l)) : [];
    const text = [e instanceof Error ? e.message : String(e), ...frames.slice(0, 8)].join("\n");
    throw new Error(`${text}\n\n${printTraining(spec)}\n`, { cause: e });
  }
}

async function train(spec: TrainingSpec): Promise<void> {
  const { model, loss, reduction, optimizer, clip } = spec;
  const graph = buildModel(model);
  const [first = 1] = model.batches;
  let { params } = dataFor(graph, first, model.seed);
  const statistic = runningOf(graph);
  /** Constants of the program: as they were, to the bit. */
  const constant = new Set(
    graph.nodes.flatMap((n) => (n.kind === "param" && n.init.values ? [n.origin.name] : [])),
  );
  const trained = (all: Arrays): Arrays =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !statistic.has(name) && !constant.has(name)));
  if (sum(Object.values(trained(params)).map((p) => sizeOf(p.shape))) > MOST_TRAINED)
    throw new NothingToCompare();

  const how = {
    loss,
    reduction,
    optimizer,
    bytes: isWhole(graph),
    target: model.how.target,
    ...(clip ? { clip } : {}),
  };
  const step = compile(trainedStep(graph, how), { target: how.target });
  checkProperties(step);
  // What measures is compiled from the same graph: looked at now and then.
  if (model.seed % 8 === 0) checkProperties(compile(evaluationStep(graph, how), { target: how.target }));
  const execution = await execute(step.program, params, Math.max(...model.batches), hereFor(step.program));
  const [, target = TARGET, rows = ROWS] = step.program.inputs.map((i) => i.name);
  const metrics = step.program.params.find((p) => p.use === "metrics")?.name ?? METRICS;
  const next = random(model.seed + 1);
  const moments = new Map<string, readonly Pick<Moved, "m" | "v">[]>();
  const lost = new Set<string>();
  let sums: readonly number[] = [];
  for (const [i, batch] of model.batches.entries()) {
    const t = i + 1;
    const set = {
      ...dataFor(graph, batch, model.seed + i).inputs,
      [TARGET]: targetFor(spec, graph, batch, next),
    };
    // A data set of bytes is as long as the batch, which draws its rows in any order, some of them twice.
    const order = Array.from({ length: batch }, () => (how.bytes ? Math.floor(next() * batch) : 0));
    const stored = step.program.inputs.filter((s) => s.storage).map((s) => s.name);
    const inputs = Object.fromEntries(
      Object.entries(set).map(([name, x]) => [
        name,
        stored.includes(name === TARGET ? target : name) ? rowsOf(x, order) : x,
      ]),
    );
    const given = {
      ...set,
      [target]: set[TARGET],
      [rows]: { shape: [batch], data: Float64Array.from(order) },
    };
    execution.run(given, { batch, step: i, rates: ratesFor(optimizer, t) });

    const before = params;
    const kept = new Map<NdArray, NdArray>();
    const meanings = { ...userMeanings, ...inTraining };
    const lossWith = (p: Arrays, rounding: Rounding = {}): number => {
      const { each, counts } = termsOf(graph, loss, inputs, { ...before, ...p }, meanings, rounding);
      return total(each) / (reduction === "sum" ? 1 : total(counts) || 1);
    };
    const seen = termsOf(graph, loss, inputs, before, { ...meanings, ...watched(kept) });
    sums = [(sums[0] ?? 0) + total(seen.each), (sums[1] ?? 0) + total(seen.counts)];
    const smooth = gradientsOf((p) => lossWith(p), trained(before), true);
    if (!smooth || !Number.isFinite(sums[0])) throw new NothingToCompare();
    const gradients = clip ? bounded(smooth, clip).gradients : smooth;
    // Before they are clipped: a bound makes gradients smaller, not what they are off by.
    const most = Math.max(0, ...Object.values(smooth).flatMap((g) => Array.from(g.data, Math.abs)));
    if (!(most < 1e3)) throw new NothingToCompare();
    let unsure: Arrays | undefined;

    const after: Record<string, NdArray> = {};
    for (const [name, x] of Object.entries(before)) {
      const got = await execution.read(name);
      after[name] = got;
      const running = statistic.get(name);
      x.data.forEach((w, j) => {
        const value = got.data[j] ?? Number.NaN;
        if (constant.has(name)) {
          if (value !== w)
            throw new Error(`after step ${t}, the constant ${name}[${j}] is ${value}, not ${w}`);
          return;
        }
        if (running) {
          const want = (1 - running) * w + running * (kept.get(x)?.data[j] ?? Number.NaN);
          if (Number.isFinite(want) && !(Math.abs(value - want) <= 1e-4 * (1 + Math.abs(want))))
            throw new Error(`after step ${t}, the statistic ${name}[${j}] is ${value}, not ${want}`);
          return;
        }
        const key = `${name}[${j}]`;
        const g = gradients[name]?.data[j] ?? 0;
        // With the gradient itself, and with one that is off to either side, now and in the steps before.
        const old = moments.get(key) ?? NO_MOMENTS;
        const stepped = (off: number): readonly Moved[] =>
          [0, -off, off].map((by, side) => updated({ w, ...(old[side] ?? NO_MOMENT) }, g + by, optimizer, t));
        const within = (off: number): boolean => {
          const ends = stepped(off);
          moments.set(key, ends);
          const slack = 2e-6 * (1 + Math.abs(w));
          return (
            value >= Math.min(...ends.map((e) => e.w)) - slack &&
            value <= Math.max(...ends.map((e) => e.w)) + slack
          );
        };
        const off = OFF.own * Math.abs(g) + OFF.largest * most + OFF.least;
        // Adam divides by the gradient's size: where that is nothing but rounding, its steps are too, from now on.
        if (optimizer.kind === "adam" && Math.abs(g) <= NOTHING * off) lost.add(key);
        if (within(off) || lost.has(key)) return;
        // How far the gradient moves when all numbers on the way are shifted by their last bit: what f32 can know of it.
        unsure ??= sensitivity(lossWith, smooth, trained(before));
        if (!within(off + ROUNDING * (unsure[name]?.data[j] ?? 0)))
          throw new Error(
            `after step ${t}, ${key} is ${value}, not ${stepped(0)[0]?.w} (from ${w}, gradient ${g})`,
          );
      });
    }
    // Each step is judged alone: it starts from what the last one left.
    params = after;
  }
  const figures = (await execution.read(metrics)).data;
  for (const [i, want] of sums.entries()) {
    const got = figures[i] ?? Number.NaN;
    if (!(Math.abs(got - want) <= 1e-4 * Math.abs(want) + 1e-4))
      throw new Error(`the sum of ${i === 0 ? "the losses" : "what they count"} is ${got}, not ${want}`);
  }
  execution.destroy();
}

/** A parameter may be read for places alone, which have no slope: the compiler refuses to train such a model. */
function trainedStep(graph: Graph, how: TrainingOptions): Graph {
  try {
    return trainingStep(graph, how);
  } catch (error) {
    throw isIndependent(error) ? new NothingToCompare() : error;
  }
}

/** Whether the model reads whole numbers, which are trained from data sets of bytes. */
const isWhole = (graph: Graph): boolean => graph.inputs.some(({ node }) => node.type.dtype !== "f32");

/** The examples of a data set with these numbers. */
function rowsOf({ shape: [, ...inner], data }: NdArray, order: readonly number[]): NdArray {
  const size = sizeOf(inner);
  const rows = order.flatMap((row) => Array.from(data.subarray(row * size, (row + 1) * size)));
  return { shape: [order.length, ...inner], data: Float64Array.from(rows) };
}

/** The parameters that a batch norm's statistics are kept in, and how fast they follow. */
function runningOf(graph: Graph): ReadonlyMap<string, number> {
  return new Map(
    graph.nodes.flatMap((n) =>
      n.kind === "op" && Object.hasOwn(inTraining, n.op.name)
        ? n.inputs.slice(3).map((p) => [p.origin.name, Number(n.attrs["momentum"])] as const)
        : [],
    ),
  );
}

/** Batch norm in training, which notes what its statistics should move to: the mean and the unbiased variance. */
const watching =
  (kept: Map<NdArray, NdArray>): Meaning =>
  (op) => {
    const [x, , , mean, variance] = op.inputs;
    if (!x || !mean || !variance) throw new Error("missing operand");
    const channels = statistics(x);
    const of = (f: (c: (typeof channels)[number]) => number): NdArray => ({
      shape: mean.shape,
      data: Float64Array.from(channels, f),
    });
    kept.set(
      mean,
      of((c) => c.mean),
    );
    kept.set(
      variance,
      of((c) => (c.variance * c.count) / (c.count - 1)),
    );
    return inTraining.batchNorm2d(op);
  };

const watched = (kept: Map<NdArray, NdArray>): Readonly<Record<string, Meaning>> =>
  Object.fromEntries(Object.keys(inTraining).map((name) => [name, watching(kept)]));

function targetFor({ loss }: TrainingSpec, graph: Graph, batch: number, next: () => number): NdArray {
  const shape = shapeAt(graph.outputs[0]?.node.type.shape ?? [], batch);
  if (loss.kind !== "crossEntropy")
    return randomArray(shape, next, loss.kind === "binaryCrossEntropy" ? 0 : -1, 1);
  const [, classes = 1, ...places] = shape;
  const count = sizeOf([batch, ...places]);
  const { ignoreIndex } = loss;
  const label = (): number => Math.floor(next() * classes);
  return {
    shape: [batch, ...places],
    data: Float64Array.from({ length: count }, () =>
      ignoreIndex !== undefined && next() < 0.3 ? ignoreIndex : label(),
    ),
  };
}

/** As the last bit of f32 shifts numbers: the same shifts for the same seed, so that the loss stays a smooth function. */
function lastBits(seed: number): Rounding {
  const next = random(seed);
  const round = (v: number): number => v * (1 + (2 * next() - 1) * 2 ** -23);
  return { round, disturb: ({ shape, data }) => ({ shape, data: data.map(round) }) };
}

/** How much each gradient moves when every number on the way is shifted by up to 2⁻²³ of its value. */
function sensitivity(
  lossWith: (params: Arrays, rounding: Rounding) => number,
  exact: Arrays,
  params: Arrays,
): Arrays {
  const trials = [1, 2, 3].map((seed) => gradientsOf((p) => lossWith(p, lastBits(seed)), params));
  return Object.fromEntries(
    Object.entries(exact).map(([name, g]): [string, NdArray] => [
      name,
      {
        shape: g.shape,
        data: g.data.map((v, i) => Math.max(...trials.map((t) => Math.abs(v - (t[name]?.data[i] ?? v))))),
      },
    ]),
  );
}
