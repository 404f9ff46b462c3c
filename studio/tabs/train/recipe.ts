/** Settings to begin with: those that show on this machine, within a minute, that a model learns; and the lecture's. Pure. */
import type { Graph } from "../../../compiler/ir/graph.ts";
import { shapeTable } from "../../../compiler/report/shapes.ts";
import { LECTURE, RATES, type Settings } from "./settings.ts";

export type RecipeName = "quick" | "lecture";

/** Multiply-adds a second that a machine without a GPU does in training, rather too few, and the seconds that are given. */
const SPEED = 4e9;
const SECONDS = 40;
/** A step computes gradients of values and of weights besides: three times as much as a run. */
const PASSES = 3;

const EPOCHS = 8;
const [FEWEST, MOST] = [40, 6000];
const LARGEST_BATCH = 64;
/** Steps of an epoch, at least: a set that is seen in few steps teaches little. */
const STEPS = 10;
/** Beyond it Adam's usual rate is kept: nets of many parameters overshoot at three times as much. */
const SMALL = 1_000_000;

/** As many pictures as there is time for, in small batches, with Adam. */
export function quick(graph: Graph): Settings {
  const { macs, params } = shapeTable(graph).totals;
  const seen = (SECONDS * SPEED) / (PASSES * Math.max(1, macs));
  const limit = Math.round(Math.min(MOST, Math.max(FEWEST, seen / EPOCHS)) / 10) * 10;
  const batch = Math.min(LARGEST_BATCH, 2 ** Math.floor(Math.log2(limit / STEPS)));
  const lr = (params <= SMALL ? 3 : 1) * RATES.adam;
  return { ...LECTURE, optimizer: "adam", lr, batch, epochs: EPOCHS, limit };
}

export const recipes: Readonly<Record<RecipeName, (graph: Graph) => Settings>> = {
  quick,
  lecture: () => LECTURE,
};
