/** Recurrent layers: ONNX's sequences lie [T, N, …] (or with layout 1 [N, T, …]), and its gates have another order. */
import type { Call } from "../call.ts";
import { isRef, type Numbers } from "../recorder.ts";
import { type Computed, type Known, refuse, type Value } from "../value.ts";
import { ACTIVATIONS, DIRECTIONS, GATES, PEEPHOLES } from "../words.ts";
import { fixedSizes, type Row, type Rows, reshaped } from "./row.ts";
import { along, turned, turnedOf } from "./turned.ts";

type Operator = keyof typeof GATES;
const LAYERS = { LSTM: "lstm", GRU: "gru", RNN: "rnn" } as const;
/** What stands for activations that are left out, of one direction. */
const USUAL = { LSTM: ["Sigmoid", "Tanh", "Tanh"], GRU: ["Sigmoid", "Tanh"], RNN: ["Tanh"] } as const;
const SUFFIXES = { forward: [""], reverse: ["_reverse"], both: ["", "_reverse"] } as const;

/** The activations, as the layer takes them; nothing where they are the usual ones. */
function activationsOf(call: Call, operator: Operator, ways: number): object {
  const words: Readonly<Record<string, { readonly kind: string; readonly numbers: number }>> = ACTIVATIONS;
  const alphas = [...(call.floats("activation_alpha") ?? [])];
  const betas = [...(call.floats("activation_beta") ?? [])];
  const given = call.texts("activations");
  if (given === undefined) return {};
  const usual = USUAL[operator];
  if (given.length !== ways * usual.length)
    refuse(`it has ${given.length} activations`, `${usual.length} for each direction`);
  const made = given.map((name) => {
    const word = Object.keys(words).find((w) => w.toLowerCase() === name.toLowerCase()) ?? "";
    const { kind, numbers } =
      words[word] ?? refuse(`one of its activations is ${name}`, Object.keys(words).join(", "));
    const alpha = numbers >= 1 ? alphas.shift() : undefined;
    const beta = numbers >= 2 ? betas.shift() : undefined;
    if (alpha === undefined && beta === undefined) return kind;
    return { kind, ...(alpha === undefined ? {} : { alpha }), ...(beta === undefined ? {} : { beta }) };
  });
  const plain = made.map((a, i) => a === words[usual[i % usual.length] ?? ""]?.kind);
  if (plain.every(Boolean)) return {};
  const half = made.slice(0, usual.length);
  const same = JSON.stringify(half) === JSON.stringify(made.slice(-usual.length));
  return { activations: same ? half : made };
}

/** All steps are of every example: numbers that say so are left out, others are refused. */
function requireWhole(call: Call, steps: number): void {
  if (call.inputs[4] === undefined) return;
  const lengths = call.numbers(4, "the length of each sequence") ?? [];
  const short = lengths.find((l) => l !== steps);
  if (short !== undefined)
    refuse(
      `a sequence ends after step ${short} of ${steps}`,
      "sequences that are whole, and a mask on the result",
    );
}

/** A tensor of which one axis of the file is the batch: with it first. */
function batchFirst(call: Call, value: Value, order: readonly number[]): Computed {
  if (value.kind === "known") return batchFirst(call, call.asTensor(value), order);
  const x = turnedOf(value, call);
  const made = turned(
    call,
    x.tensor,
    order.map((axis) => along(x, axis)),
  );
  return made.order ? call.asTensor(made) : made; // which says what is wrong
}

const recurrent =
  (operator: Operator): Row =>
  (call) => {
    const name = LAYERS[operator];
    const word = call.text("direction", "forward");
    if (!Object.hasOwn(DIRECTIONS, word))
      refuse(`its direction is ${word}`, Object.keys(DIRECTIONS).join(", "));
    const direction = DIRECTIONS[word as keyof typeof DIRECTIONS];
    const suffixes = SUFFIXES[direction];
    const layout = call.int("layout", 0);
    const stacked = layout === 0 ? [1, 0, 2] : [0, 1, 2];
    const x = batchFirst(call, call.value(0, "the sequence"), stacked);
    const [steps = 1] = fixedSizes(x.shape.slice(1, 2), "it runs over steps");
    requireWhole(call, steps);

    const [w, r] = [call.known(1, "its weight"), call.known(2, "its recurrent weight")];
    const hidden = r.shape[2] ?? 1;
    if (call.int("hidden_size", hidden) !== hidden)
      refuse("hidden_size is not the size of its recurrent weight");
    const gates = GATES[operator];
    const weights: Record<string, Numbers> = {};
    /** Of each direction, blocks of `hidden` rows in Weft's order: `from` is the first block. */
    const take = (role: string, of: Known, places: readonly number[], from = 0): void => {
      const columns = of.shape.length === 3 ? (of.shape[2] ?? 1) : 1;
      const block = hidden * columns;
      const all = (of.shape[1] ?? 1) * columns;
      const shape = of.shape.length === 3 ? [places.length * hidden, columns] : [places.length * hidden];
      suffixes.forEach((suffix, d) => {
        const moved = (i: number): number =>
          d * all + (from + (places[Math.floor(i / block)] ?? 0)) * block + (i % block);
        weights[`${role}${suffix}`] = call.weight(of, shape, moved);
      });
    };
    take("weight_ih", w, gates);
    take("weight_hh", r, gates);
    const bias = call.inputs[3] === undefined ? undefined : call.known(3, "its bias");
    if (bias) {
      take("bias_ih", bias, gates);
      take("bias_hh", bias, gates, gates.length);
    }
    const isLstm = operator === "LSTM";
    const peephole =
      isLstm && call.inputs[7] !== undefined ? call.known(7, "what gates see of cells") : undefined;
    if (peephole) take("peephole", peephole, PEEPHOLES);

    const states = call.inputs
      .slice(5, isLstm ? 7 : 6)
      .map((value) => (value && !isZeros(value) ? batchFirst(call, value, stacked) : undefined));
    const state = states[0] ?? (states[1] && zeros(call, states[1]));
    const clip = call.float("clip", 0);
    const activations = activationsOf(call, operator, suffixes.length);
    const options = {
      hidden,
      ...(direction === "forward" ? {} : { direction }),
      ...(bias ? {} : { bias: false }),
      ...(clip > 0 ? { clip } : {}),
      ...activations,
      ...(peephole ? { peephole: true } : {}),
      ...(isLstm && call.int("input_forget", 0) !== 0 ? { coupled: true } : {}),
      ...(operator === "GRU" && call.int("linear_before_reset", 0) === 0 ? { resetAfter: false } : {}),
      ...(state ? { state } : {}),
      ...(states[1] ? { cell: states[1] } : {}),
    };
    const wantsAll = [1, 2].some((i) => call.isRead(i));
    const [sequence, ...last] = wantsAll
      ? call.applyMany(name, [x, { ...options, states: true }], "f32", weights)
      : [call.apply(name, [x, options], { weights })];
    const whole = sequence ?? refuse("it gives no sequence");
    const [batch = 1] = x.shape;
    const apart = call.isRead(0) ? byDirection(call, whole, [batch, steps, suffixes.length, hidden]) : whole;
    return [
      layout === 0 && call.isRead(0) ? turned(call, apart, [1, 2, 0, 3]) : apart,
      ...last.map((of, i) => (layout === 0 && call.isRead(i + 1) ? turned(call, of, [1, 0, 2]) : of)),
    ];
  };

/** [N, T, directions · hidden] → [N, T, directions, hidden] */
function byDirection(call: Call, x: Computed, shape: Computed["shape"]): Computed {
  return shape[2] === 1 ? call.apply("unsqueeze", [x, { axis: 2 }]) : reshaped(call, x, shape);
}

/** Whether all its elements are 0: where the layer begins by itself. */
function isZeros(value: Value): boolean {
  if (value.kind === "known") return Array.from(value.data).every((x) => x === 0);
  const { callee, args } = value.ref.statement;
  const [of] = args;
  if (callee === "expand" && isRef(of)) return isZeros({ ...value, ref: of });
  return callee === "constant" && Array.isArray(of) && of.every((x) => x === 0);
}

const zeros = (call: Call, like: Computed): Computed => call.apply("mul", [like, 0]);

export const recurrents: Rows = { LSTM: recurrent("LSTM"), GRU: recurrent("GRU"), RNN: recurrent("RNN") };
