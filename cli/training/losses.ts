/** What `--loss` and what goes with it ask for. */
import type { LossPart } from "../../compiler/dsl/index.ts";
import { UserError } from "../../compiler/errors.ts";
import { losses } from "../../compiler/ops/loss.ts";
import { closest } from "../../compiler/options.ts";
import type { Loss, LossName, TrainingOptions } from "../../compiler/train/index.ts";

/** As given on the command line. */
export interface LossFlags {
  /** `output=loss*weight`, or the loss alone. */
  readonly loss?: readonly string[];
  readonly classWeights?: readonly number[];
  readonly labelSmoothing?: number;
  readonly ignoreIndex?: number;
  readonly delta?: number;
}

export const LOSS = ["loss", "classWeights", "labelSmoothing", "ignoreIndex", "delta"] as const;

const NAMES = Object.keys(losses) as LossName[]; // the record's own keys

/** Nothing where no flag is given: then the model says. Throws `UserError` for a loss that is none, and for flags without their loss. */
export function lossesOf({
  loss,
  classWeights,
  labelSmoothing,
  ignoreIndex,
  delta,
}: LossFlags): Pick<TrainingOptions, "loss" | "losses"> {
  const ofCross = {
    ...(classWeights && { weight: classWeights }),
    ...(labelSmoothing === undefined ? {} : { labelSmoothing }),
    ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
  };
  const cross = Object.keys(ofCross).length > 0;
  const texts = loss ?? (cross ? ["crossEntropy"] : delta === undefined ? [] : ["huber"]);
  const parts = texts.map(parsed);
  const has = (name: LossName): boolean => parts.some((part) => part.loss === name);
  const lost =
    classWeights && !has("crossEntropy")
      ? "class-weights"
      : labelSmoothing !== undefined && !has("crossEntropy")
        ? "label-smoothing"
        : ignoreIndex !== undefined && !has("crossEntropy")
          ? "ignore-index"
          : delta !== undefined && !has("huber")
            ? "delta"
            : undefined;
  if (lost)
    throw new UserError({
      problem: `--${lost} goes with --loss ${lost === "delta" ? "huber" : "crossEntropy"}`,
      fix: `leave out --${lost}`,
    });
  const made = parts.map(({ loss: kind, ...part }): Omit<LossPart, "loss"> & { readonly loss: Loss } => {
    if (kind === "crossEntropy") return { ...part, loss: { kind, ...ofCross } };
    if (kind === "huber") return { ...part, loss: { kind, ...(delta === undefined ? {} : { delta }) } };
    return { ...part, loss: { kind } };
  });
  const [only, ...more] = made;
  if (!only) return {};
  return more.length === 0 && only.output === undefined && only.weight === undefined
    ? { loss: only.loss }
    : { losses: made };
}

function parsed(text: string): Omit<LossPart, "loss"> & { readonly loss: LossName } {
  const [, output, name = "", factor] = /^(?:(.+)=)?([^=*]*)(?:\*(.*))?$/.exec(text) ?? [];
  const loss = NAMES.find((each) => each === name);
  const weight = factor === undefined ? undefined : Number(factor);
  if (!loss || (weight !== undefined && !(weight > 0 && Number.isFinite(weight))))
    throw new UserError({
      problem: `--loss ${text} is none`,
      rule: `LOSS, OUTPUT=LOSS or OUTPUT=LOSS*WEIGHT with a weight above 0; losses are ${NAMES.join(", ")}`,
      fix: `--loss ${output ? `${output}=` : ""}${loss ?? closest(name, NAMES) ?? NAMES[0]}`,
    });
  return { loss, ...(output === undefined ? {} : { output }), ...(weight === undefined ? {} : { weight }) };
}
