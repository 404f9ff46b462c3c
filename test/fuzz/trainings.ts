/** Random trainings: a small model whose parameters are shared and multiplied, a loss, an optimiser, a few steps. */
import fc from "fast-check";
import { adam, sgd } from "../../compiler/train/index.ts";
import type { Clip, Loss, LossName, Optimizer } from "../../contract/training.ts";
import { Dice } from "./dice.ts";
import { Draft } from "./draft.ts";
import { extend, finish, labelled } from "./draw.ts";
import { real, small } from "./numbers.ts";
import { type Dim, type ModelSpec, printModel } from "./spec.ts";

export interface TrainingSpec {
  readonly model: ModelSpec;
  readonly loss: Loss;
  readonly reduction: "mean" | "sum";
  readonly optimizer: Optimizer;
  readonly clip?: Clip;
}

/** The model file, and how it is trained. */
export function printTraining({ model, loss, reduction, optimizer, clip }: TrainingSpec): string {
  const facts = { loss, reduction, optimizer, ...(clip ? { clip } : {}) };
  return `// trained: ${JSON.stringify(facts)}\n${printModel(model)}`;
}

/** Elements of one example in any tensor, and numbers that are trained: differences are taken for each of them. */
const MOST = 60;
export const MOST_TRAINED = 40;

function inputShape(dice: Dice): readonly Dim[] {
  switch (dice.roll(3)) {
    case 1:
      return ["N", dice.between(1, 2), dice.between(2, 4), dice.between(2, 4)];
    case 2:
      return ["N", dice.between(1, 3), dice.between(2, 3)];
    default:
      return ["N", dice.between(2, 5)];
  }
}

function optimizerOf(dice: Dice): Optimizer {
  const weightDecay = dice.rarely(3) ? real(dice, 0.01, 0.3) : 0;
  if (dice.rarely(3)) {
    const betas = [real(dice, 0.1, 0.9), real(dice, 0.2, 0.99)] as const;
    return adam({
      lr: real(dice, 0.01, 0.1) + 0.001,
      weightDecay,
      ...(dice.rarely(2) ? { betas, eps: small(dice) } : {}),
    });
  }
  const momentum = dice.rarely(2) ? real(dice, 0.05, 0.95) : 0;
  return sgd({ lr: real(dice, 0.05, 0.4), momentum, weightDecay, nesterov: momentum > 0 && dice.rarely(2) });
}

function clipOf(dice: Dice): Clip | undefined {
  const bound = real(dice, 0.05, 1);
  return [undefined, undefined, { norm: bound }, { value: bound }][dice.roll(4)];
}

/** With what may be chosen of it. */
function lossOf(dice: Dice, kind: LossName, classes: number): Loss {
  if (kind === "huber") return dice.rarely(2) ? { kind } : { kind, delta: real(dice, 0.1, 2) };
  if (kind !== "crossEntropy") return { kind };
  return {
    kind,
    ...(dice.rarely(2) ? { weight: Array.from({ length: classes }, () => real(dice, 0.1, 3)) } : {}),
    ...(dice.rarely(2) ? { labelSmoothing: real(dice, 0.05, 0.9) } : {}),
    ...(dice.rarely(3) ? { ignoreIndex: dice.pick([255, -100, 0, 300]) } : {}),
  };
}

/** The last tensor that has an example per row. */
const batched = (draft: Draft): string => draft.tensors().findLast((t) => draft.shape(t)[0] === "N") ?? "x";

/** Weights that are a product of parameters, or one parameter several times: what a step must take from old values. */
function shared(draft: Draft, x: string): string {
  const { dice } = draft;
  const inner = draft.shape(x).at(-1);
  if (draft.shape(x).length < 2 || typeof inner !== "number")
    return draft.line("mul", [x, draft.line("mul", [draft.param([1]), draft.param([1])])]);
  const out = dice.between(1, 3);
  const a = (): string => draft.param([inner, 1]);
  switch (dice.roll(5)) {
    case 1:
      return draft.line("matmul", [
        x,
        draft.line("mul", [draft.param([inner, out]), draft.param([inner, out])]),
      ]);
    case 2: {
      // There and back again with one matrix.
      const p = draft.param([inner, out]);
      const there = draft.line("tanh", [draft.line("matmul", [x, p])]);
      return draft.line("matmul", [there, draft.line("transpose", [p])]);
    }
    case 3: {
      const p = draft.param([inner, inner]);
      return draft.line("matmul", [draft.line("sigmoid", [draft.line("matmul", [x, p])]), p]);
    }
    case 4:
      return draft.line("mul", [draft.line("add", [x, draft.param([inner])]), draft.param([1])]);
    default:
      return draft.line("matmul", [x, draft.line("matmul", [a(), draft.param([1, out])])]);
  }
}

export function drawTraining(head: readonly number[], choices: readonly (readonly number[])[]): TrainingSpec {
  const dice = new Dice(head);
  const shape = inputShape(dice);
  const batches = [dice.between(2, 4), dice.between(2, 4), dice.between(1, 3)].slice(0, dice.between(1, 3));
  const seed = dice.roll(1 << 16);
  const kind = dice.pick<LossName>([
    "squaredError",
    "crossEntropy",
    "binaryCrossEntropy",
    "absoluteError",
    "huber",
  ]);
  const reduction = dice.rarely(4) ? "sum" : "mean";
  const optimizer = optimizerOf(dice);
  const clip = clipOf(dice);
  const rows: readonly Dim[] = ["N", ...[dice.between(1, 3)].slice(0, dice.roll(2))];
  const target = dice.pick<ModelSpec["how"]["target"]>(["portable", "octets", "quads", "gpu"]);
  const draft = new Draft(
    dice,
    dice.rarely(6) ? { name: "x", shape: rows, dtype: "i32" } : { name: "x", shape },
    false,
  );
  // Whole numbers are rows of a table, which is trained.
  if (draft.whole().length > 0)
    draft.line("embedding", ["x"], { count: dice.between(2, 5), size: dice.between(1, 3) });
  const at = dice.roll(choices.length + 1);
  choices.forEach((list, i) => {
    if (i === at) shared(draft, batched(draft));
    extend(draft, new Dice(list), MOST);
  });
  if (at === choices.length) shared(draft, batched(draft));
  // A loss is taken of one tensor; cross-entropy takes rows.
  let y = batched(draft);
  const size = draft
    .shape(y)
    .slice(1)
    .reduce<number>((a, d) => a * Number(d), 1);
  if (kind === "crossEntropy") {
    // Of pictures and rows there may be a label for each place.
    const apart = draft.shape(y).length > 2 && Number(draft.shape(y)[1]) > 1 && dice.rarely(2);
    if (draft.shape(y).length !== 2 && !apart) y = draft.line("reshape", [y], ["N", size]);
    if (size < 2) y = draft.line("linear", [y], { out: 2 });
  }
  const loss = lossOf(dice, kind, Number(draft.shape(y)[1]));
  const how = { target, precision: "f32", bake: false } as const;
  const model = finish(draft, [{ name: "y", of: y }], { batches, seed, scale: 1, how });
  // Values that are dropped at random are another test's.
  const lines = model.lines.map((l) => (l.op === "dropout" ? { ...l, op: "neg", options: {} } : l));
  const params = labelled(model.params, dice);
  const spec = { model: { ...model, lines, params }, loss, reduction, optimizer } as const;
  return clip ? { ...spec, clip } : spec;
}

const numbers = (least: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 65535 }), { minLength: least, maxLength: least, size: "max" });

export function trainings(most = 4): fc.Arbitrary<TrainingSpec> {
  return fc
    .tuple(numbers(48), fc.array(numbers(24), { minLength: 1, maxLength: most, size: "max" }))
    .map(([head, choices]) => drawTraining(head, choices));
}
