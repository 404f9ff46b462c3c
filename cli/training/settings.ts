/** What a training is asked for: flags, else what the checkpoint was made with, else the defaults. */

import { plural, UserError } from "../../compiler/errors.ts";
import {
  adam,
  type Clip,
  type LoraOptions,
  type Optimizer,
  sgd,
  type TrainingOptions,
} from "../../compiler/train/index.ts";
import { LOSS, lossesOf } from "./losses.ts";

/** All that decides a training's result besides the model and the seed; a checkpoint carries it. */
export interface Settings {
  readonly data: string;
  readonly limit?: number;
  /** Files of arrays: `name=path`, or a path alone. */
  readonly input?: readonly string[];
  readonly target?: readonly string[];
  /** The columns of a table that are learnt. */
  readonly label?: string;
  readonly epochs: number;
  readonly batch: number;
  /** `output=loss*weight`, or the loss alone. */
  readonly loss?: readonly string[];
  readonly classWeights?: readonly number[];
  readonly labelSmoothing?: number;
  readonly ignoreIndex?: number;
  readonly delta?: number;
  readonly lr: number;
  readonly optimizer: "sgd" | "adam";
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  /** Bounds of the gradients: of their norm, or of each value. */
  readonly clipNorm?: number;
  readonly clipValue?: number;
  /** Batches to an update. */
  readonly accumulate?: number;
  /** Names of what is not trained. */
  readonly freeze?: readonly string[];
  /** The rank of adapters, what they count, and which layers have them. */
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraOn?: readonly string[];
  readonly schedule: "constant" | "cosine";
}

/** As given on the command line. */
export type Given = Partial<Settings>;

/** Where examples come from. */
const DATA = ["data", "limit", "input", "target", "label"] as const;

/** What a training step is made with. */
export const OPTIMIZER = [
  ...LOSS,
  "lr",
  "optimizer",
  "momentum",
  "nesterov",
  "weightDecay",
  "clipNorm",
  "clipValue",
  "accumulate",
  "freeze",
  "lora",
  "loraAlpha",
  "loraOn",
] as const;

/** Without `--train`: throws `UserError` where one of the options is given that go with it alone. */
export function requireTrain<Key extends string>(
  given: { readonly [K in Key]?: unknown },
  keys: readonly Key[],
): void {
  const first = keys.find((key) => given[key] !== undefined);
  if (first === undefined) return;
  const flag = `--${first.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  throw new UserError({ problem: `${flag} goes with --train`, fix: `add --train, or leave out ${flag}` });
}

const KEYS = [...DATA, "epochs", "batch", ...OPTIMIZER, "schedule"] as const;

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1;
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((name) => typeof name === "string");

/** What a checkpoint may say of each. */
const ALLOWED: { readonly [K in keyof Settings]-?: (value: unknown) => boolean } = {
  data: (value) => typeof value === "string",
  limit: isWhole,
  input: areTexts,
  target: areTexts,
  label: (value) => typeof value === "string",
  loss: areTexts,
  classWeights: (value) => Array.isArray(value) && value.every(isNumber),
  labelSmoothing: isNumber,
  ignoreIndex: isNumber,
  delta: isNumber,
  epochs: isWhole,
  batch: isWhole,
  lr: isNumber,
  optimizer: (value) => value === "sgd" || value === "adam",
  momentum: isNumber,
  nesterov: (value) => typeof value === "boolean",
  weightDecay: isNumber,
  clipNorm: isNumber,
  clipValue: isNumber,
  accumulate: isWhole,
  freeze: areTexts,
  lora: isWhole,
  loraAlpha: isNumber,
  loraOn: areTexts,
  schedule: (value) => value === "constant" || value === "cosine",
};

/** Settings that a file claims to hold; undefined where they are none. */
export function settingsFrom(value: unknown): Given | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = KEYS.flatMap((key) => {
    const found: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    return found === undefined ? [] : [[key, found] as const];
  });
  return entries.every(([key, found]) => ALLOWED[key](found)) ? Object.fromEntries(entries) : undefined;
}

/** The lecture's experiment, but for its data. */
const DEFAULTS = {
  data: "synthetic",
  epochs: 10,
  batch: 256,
  optimizer: "sgd",
  schedule: "constant",
} as const;
const RATES = { sgd: 0.9, adam: 0.001 };

/** Throws `UserError` for flags that do not go together, and for a resumed training with other data. */
export function settle(given: Given, earlier: Given = {}): Settings {
  const picked = (from: Given): Given =>
    Object.fromEntries(KEYS.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
  for (const key of DATA)
    if (earlier.data !== undefined && given[key] !== undefined && `${given[key]}` !== `${earlier[key]}`)
      throw new UserError({
        problem: `--${key} is ${given[key]}, but the checkpoint is of a training with ${earlier[key] ?? "no limit"}`,
        rule: "a training goes on with the data that it began with",
        fix: `leave out --${key}, or begin anew with another --out`,
      });
  if (given.clipNorm !== undefined && given.clipValue !== undefined)
    throw new UserError({
      problem: "--clip-norm and --clip-value exclude each other",
      rule: "gradients are clipped by their norm or by their values",
      fix: "leave one out",
    });
  for (const key of ["loraAlpha", "loraOn"] as const)
    if (given[key] !== undefined && (given.lora ?? earlier.lora) === undefined)
      throw new UserError({
        problem: `${key === "loraOn" ? "--lora-on" : "--lora-alpha"} goes with --lora`,
        fix: "add --lora 8, the rank of the adapters",
      });
  // One of the two bounds takes the place of the other.
  const clips = given.clipNorm !== undefined || given.clipValue !== undefined;
  const { clipNorm: _, clipValue: __, ...unclipped } = picked(earlier);
  const merged = { ...DEFAULTS, ...(clips ? unclipped : picked(earlier)), ...picked(given) };
  if (merged.optimizer === "adam")
    for (const key of ["momentum", "nesterov"] as const)
      if (given[key] !== undefined)
        throw new UserError({ problem: `--${key} goes with --optimizer sgd`, fix: `leave out --${key}` });
  if (merged.nesterov && !merged.momentum)
    throw new UserError({ problem: "--nesterov needs a momentum to look along", fix: "add --momentum 0.9" });
  // The rate of another optimiser is no use.
  const { lr, ...rest } = merged;
  return { ...rest, lr: lr ?? RATES[merged.optimizer] };
}

/** As asked, else 256 examples in a step, or all if they are fewer. Throws `UserError` where more are asked for. */
export function batchFor(asked: number | undefined, rows: number, data: string): number {
  if (asked === undefined || asked <= rows) return asked ?? Math.min(DEFAULTS.batch, rows);
  throw new UserError({
    problem: `--batch ${asked} is larger than the ${rows} ${plural(rows, "example")} of ${data}`,
    rule: "a step takes at most all examples",
    fix: `--batch ${Math.min(64, rows)}, or leave out --batch`,
  });
}

/** What a training step is made with, besides what it is made for. */
export function stepOf(
  settings: Settings,
): Pick<TrainingOptions, "optimizer" | "clip" | "accumulate" | "freeze" | "lora" | "loss" | "losses"> {
  const clip = clipOf(settings);
  const { accumulate, freeze } = settings;
  const lora = adaptersOf(settings);
  return {
    optimizer: optimizerOf(settings),
    ...(clip && { clip }),
    ...(accumulate && { accumulate }),
    ...(freeze && { freeze }),
    ...(lora && { lora }),
    ...lossesOf(settings),
  };
}

/** The flags that ask for such adapters. */
export const flagsOf = ({ rank, alpha, layers }: LoraOptions): Given => ({
  lora: rank,
  ...(alpha && { loraAlpha: alpha }),
  ...(layers && { loraOn: layers }),
});

/** How adapters are made, where there are some. */
export function adaptersOf({ lora: rank, loraAlpha: alpha, loraOn: layers }: Given): LoraOptions | undefined {
  return rank === undefined ? undefined : { rank, ...(alpha && { alpha }), ...(layers && { layers }) };
}

function clipOf({ clipNorm, clipValue }: Settings): Clip | undefined {
  if (clipNorm !== undefined) return { norm: clipNorm };
  return clipValue === undefined ? undefined : { value: clipValue };
}

function optimizerOf({ optimizer, lr, momentum, nesterov, weightDecay }: Settings): Optimizer {
  const decay = weightDecay === undefined ? {} : { weightDecay };
  if (optimizer === "adam") return adam({ lr, ...decay });
  return sgd({
    lr,
    ...decay,
    ...(momentum === undefined ? {} : { momentum }),
    ...(nesterov === undefined ? {} : { nesterov }),
  });
}
