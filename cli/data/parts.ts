/** What a training reads: the model's inputs, and what its losses compare with; and data sets of them. */
import type { Graph } from "../../compiler/ir/graph.ts";
import { aimsFor, type InBytes, type TrainingOptions } from "../../compiler/train/index.ts";
import type { TrainedLoss } from "../../contract/training.ts";
import { type Target, targetOf } from "../../data/array.ts";
import type { Rows } from "../../runtime/train.ts";

/** An input of a training. */
export interface DataPart extends Target {
  /** The loss that compares with it. Absent: it is the model's. */
  readonly loss?: TrainedLoss;
}

/** The number of labels that do not count. */
export const ignoredBy = ({ loss }: TrainedLoss): number | undefined =>
  loss.kind === "crossEntropy" ? loss.ignoreIndex : undefined;

/** Throws `UserError` where the losses do not fit the model. */
export function partsFor(
  graph: Graph,
  choice: Pick<TrainingOptions, "loss" | "losses">,
): readonly DataPart[] {
  const { aims, targets } = aimsFor(graph, choice);
  const losses = aims.map((aim) => aim.said);
  const own = graph.inputs.map(({ name, node }) => targetOf({ name, ...node.type }));
  const compared = targets.map(({ type, origin: { name } }): DataPart => {
    const loss = losses.find((l) => l.targets.includes(name));
    return { ...targetOf({ name, ...type }), ...(loss && { loss }) };
  });
  return [...own, ...compared];
}

/** Rows of all parts, by their names. */
export interface Examples {
  readonly arrays: Readonly<Record<string, Rows>>;
  readonly rows: number;
}

/** What a model learns from, and what it has never seen. */
export interface Opened {
  readonly name: string;
  readonly train: Examples;
  readonly test: Examples;
  /** The classes' names in the labels' order; empty where there are none. */
  readonly classes: readonly string[];
  /** Which parts are bytes that stand for 0 … 1. */
  readonly bytes: InBytes;
}

/** Of what is learnt from, what has not been seen, or both. */
export const SPLITS = ["test", "train", "all"] as const;
export type Split = (typeof SPLITS)[number];

/** The examples of a part of the data. */
export function examplesOf({ train, test }: Pick<Opened, "train" | "test">, split: Split): Examples {
  if (split !== "all") return split === "train" ? train : test;
  const arrays = Object.entries(train.arrays).map(([name, first]): [string, Rows] => {
    const second = test.arrays[name] as Rows; // both have all parts
    const both = new (first.constructor as new (length: number) => Rows)(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return [name, both];
  });
  return { arrays: Object.fromEntries(arrays), rows: train.rows + test.rows };
}

/** One of so many rows is for testing. */
export const TEST_SHARE = 6;

/** Every sixth row is for testing, the last one where there are fewer; of both the first `limit`. */
export function divided(
  all: Examples,
  parts: readonly DataPart[],
  limit = Number.POSITIVE_INFINITY,
): Pick<Opened, "train" | "test"> {
  const isTest = (row: number): boolean =>
    row % TEST_SHARE === TEST_SHARE - 1 || (all.rows < TEST_SHARE && all.rows > 1 && row === all.rows - 1);
  const rows = Array.from({ length: all.rows }, (_, row) => row);
  const picked = (testing: boolean): Examples => {
    const chosen = rows.filter((row) => isTest(row) === testing).slice(0, limit);
    const arrays = parts.map(({ name }): [string, Rows] => {
      const from = all.arrays[name] as Rows; // one for each part
      const width = from.length / all.rows;
      const out = new (from.constructor as new (length: number) => Rows)(chosen.length * width); // of the same kind
      chosen.forEach((row, i) => {
        out.set(from.subarray(row * width, (row + 1) * width), i * width);
      });
      return [name, out];
    });
    return { arrays: Object.fromEntries(arrays), rows: chosen.length };
  };
  return { train: picked(false), test: picked(true) };
}
