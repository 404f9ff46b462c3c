/** Random models: a list of drawn numbers becomes a model, always a valid one. */
import fc from "fast-check";
import { UserError } from "../../compiler/errors.ts";
import { Dice } from "./dice.ts";
import { Draft } from "./draft.ts";
import type { Dim, How, ModelSpec, Param } from "./spec.ts";
import { steps } from "./steps.ts";

/** Elements of one example in any tensor: larger steps are not taken. */
const MOST = 1500;

/** Sizes of images: primes, powers of two, and ones. */
const EXTENTS = [5, 4, 7, 8, 11, 6, 3, 13, 2, 1, 9];

function inputShape(dice: Dice): readonly Dim[] {
  const lead: Dim = dice.rarely(8) ? dice.between(1, 3) : "N";
  switch (dice.roll(6)) {
    case 4:
      return [lead, dice.between(1, 17)];
    case 5:
      return [lead, dice.between(1, 7), dice.between(1, 9)];
    case 3: // now and then a volume
      return dice.rarely(2)
        ? [lead, dice.between(1, 3), dice.between(1, 4), dice.between(1, 5), dice.between(1, 6)]
        : picture(dice, lead);
    default:
      return picture(dice, lead);
  }
}

const picture = (dice: Dice, lead: Dim): readonly Dim[] => [
  lead,
  dice.pick([1, 2, 3, 4, 6, 5, 8]),
  dice.pick(EXTENTS),
  dice.pick(EXTENTS),
];

/** A model out of drawn numbers: `head` decides about the input and the run, each entry of `choices` about one step. */
export function drawModel(head: readonly number[], choices: readonly (readonly number[])[]): ModelSpec {
  const dice = new Dice(head);
  const shape = inputShape(dice);
  const batches = shape[0] === "N" ? batchesOf(dice) : [1];
  const scale = dice.pick([1, 1, 1, 30, 1, 1, 1e4]);
  const seed = dice.roll(1 << 16);
  const how: How = {
    target: dice.pick(["portable", "octets", "quads", "gpu"]),
    precision: dice.rarely(6) ? "f16" : "f32",
    bake: dice.rarely(6),
    ...quantised(seed),
  };
  const draft = new Draft(dice, { name: "x", shape });
  // A second input is of the first one's shape.
  if (dice.rarely(5)) draft.input({ name: "z", shape });
  const last = dice.between(0, 65535);
  for (const list of choices) extend(draft, new Dice(list));
  if (draft.lines.length === 0) draft.line("relu", ["x"]);
  const outputs = outputsOf(draft, new Dice([last, ...(choices.at(-1) ?? []).slice(-12)]));
  const run = { batches, scale: how.precision === "f16" ? 1 : scale, seed, how };
  const model = finish(draft, outputs, run);
  return { ...model, params: labelled(model.params, dice) };
}

/** One in six models has quantised weights. It is no roll of its own: what was drawn before stays what it was. */
function quantised(seed: number): Pick<How, "quantise"> {
  if (seed % 12 < 10) return {};
  return { quantise: seed % 12 === 10 ? "i8" : "i4" };
}

/** One batch, or several on one session: a smaller one after a larger one shows what is left over of that. */
function batchesOf(dice: Dice): readonly number[] {
  const first = dice.pick([2, 1, 3, 5, 4]);
  return dice.rarely(3) ? [first, dice.between(1, 5), ...(dice.rarely(3) ? [first] : [])] : [first];
}

/** Adds one step, if what it gives is small enough and valid. */
export function extend(draft: Draft, dice: Dice, most = MOST): void {
  draft.dice = dice;
  const tensors = draft.tensors();
  const x = dice.rarely(4) ? dice.pick(tensors.toReversed()) : (tensors.at(-1) ?? "x");
  const fitting = steps.filter((s) => s.applies(draft.shape(x), draft));
  const step = dice.pick(fitting.flatMap((s) => Array.from({ length: s.weight }, () => s)));
  const before = draft.mark();
  try {
    if (elements(draft.shape(step.add(draft, x))) > most) draft.rewind(before);
  } catch (e) {
    // A changed option may be no longer valid.
    if (!(e instanceof UserError)) throw e;
    draft.rewind(before);
  }
}

const elements = (shape: readonly Dim[]): number =>
  shape.reduce<number>((a, d) => a * (d === "N" ? 1 : d), 1);

/** Most often what nobody reads; else any tensors: inputs, parameters, what depends on those alone, one under two names. */
function outputsOf(draft: Draft, dice: Dice): ModelSpec["outputs"] {
  const leaves = draft.leaves().slice(-3);
  const any = [...new Set([...draft.lines.map((l) => l.name), ...draft.fixed(), ...draft.tensors()])];
  const chosen = dice.roll(2) === 0 ? [] : Array.from({ length: dice.between(1, 4) }, () => dice.pick(any));
  const all = chosen.length > 0 && dice.rarely(3) ? chosen : [...leaves, ...chosen];
  return all.map((of, i) => ({ name: all.indexOf(of) === i ? of : `again${i}`, of }));
}

/** Names that mean something elsewhere, or might. */
const LABELS = [
  "gate.running_scale",
  "training.metrics",
  "target",
  "batch",
  "a.running_mean",
  "order",
  "b.weight",
];

/** Some parameters get such names. */
export function labelled(params: readonly Param[], dice: Dice): readonly Param[] {
  if (!dice.rarely(4)) return params;
  const first = dice.roll(LABELS.length);
  return params.map((p, i) => {
    const label = i < 3 ? LABELS[(first + i) % LABELS.length] : undefined;
    return label === undefined ? p : { ...p, label };
  });
}

/** Lines, parameters and inputs that no output needs are dropped. */
export function finish(
  draft: Draft,
  outputs: ModelSpec["outputs"],
  run: Pick<ModelSpec, "batches" | "scale" | "seed" | "how">,
): ModelSpec {
  const needed = new Set(outputs.map((o) => o.of));
  for (const line of draft.lines.toReversed()) {
    if (!needed.has(line.name)) continue;
    for (const o of line.operands.flat()) if (typeof o === "string") needed.add(o);
  }
  const inputs = draft.inputs.filter((i) => needed.has(i.name));
  // A model has an input, whatever its outputs are.
  if (inputs.length === 0) return finish(draft, [...outputs, ...draft.inputs.slice(0, 1).map(asOutput)], run);
  return {
    inputs,
    params: draft.params.filter((p) => needed.has(p.name)),
    lines: draft.lines.filter((l) => needed.has(l.name)),
    outputs,
    ...run,
  };
}

const asOutput = ({ name }: { readonly name: string }): ModelSpec["outputs"][number] => ({ name, of: name });

const numbers = (least: number, most: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 65535 }), { minLength: least, maxLength: most, size: "max" });

/** A random model of up to `most` steps, with the run it is checked by. */
export function models(most = 7): fc.Arbitrary<ModelSpec> {
  return fc
    .tuple(numbers(16, 16), fc.array(numbers(24, 24), { minLength: 1, maxLength: most, size: "max" }))
    .map(([head, choices]) => drawModel(head, choices));
}
