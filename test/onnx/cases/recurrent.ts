/** Recurrent layers: directions, states, peepholes, activations, bounds. onnxruntime has layout 0 alone. */
import fc from "fast-check";
import { type Attribute, float, floats, int, string, strings } from "../file.ts";
import { type Cases, type Draw, fed, known, list, type Operand } from "./draw.ts";

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;
const FUNCTIONS = { LSTM: 3, GRU: 2, RNN: 1 } as const;

/** Names, and the numbers that they take. What gates are made with is bounded, else states grow beyond all numbers. */
const ACTIVATIONS: readonly (readonly [name: string, alpha?: number, beta?: number])[] = [
  ["Tanh"],
  ["Sigmoid"],
  ["Relu"],
  ["Softsign"],
  ["Softplus"],
  ["Affine", 0.5, 0.25],
  ["LeakyRelu", 0.125],
  ["ThresholdedRelu", 0.25],
  ["ScaledTanh", 0.75, 0.5],
  ["HardSigmoid", 0.25, 0.375],
  ["Elu", 0.5],
];

const any = fc.constantFrom(...ACTIVATIONS);
const bounded = fc.constantFrom(
  ...ACTIVATIONS.filter(([name]) =>
    ["Tanh", "Sigmoid", "Softsign", "ScaledTanh", "HardSigmoid"].includes(name),
  ),
);

function attributesOf(chosen: readonly (readonly [string, number?, number?])[]): readonly Attribute[] {
  const [alphas, betas] = [1, 2].map((i) =>
    chosen.flatMap((a) => (a[i] === undefined ? [] : [Number(a[i])])),
  );
  return [
    strings(
      "activations",
      chosen.map(([name]) => name),
    ),
    ...(alphas?.length ? [floats("activation_alpha", alphas)] : []),
    ...(betas?.length ? [floats("activation_beta", betas)] : []),
  ];
}

const recurrent = (operator: keyof typeof GATES): Draw =>
  fc
    .record({
      steps: fc.integer({ min: 1, max: 4 }),
      batch: fc.integer({ min: 1, max: 3 }),
      features: fc.integer({ min: 1, max: 4 }),
      hidden: fc.integer({ min: 1, max: 4 }),
      direction: fc.constantFrom("forward", "reverse", "bidirectional"),
      given: fc.record({
        bias: fc.boolean(),
        lengths: fc.boolean(),
        state: fc.boolean(),
        cell: fc.boolean(),
        peephole: fc.boolean(),
        constant: fc.boolean(),
      }),
      clip: fc.option(fc.constantFrom(0.25, 1)),
      flag: fc.option(fc.constantFrom(0, 1)),
      activations: fc.option(
        fc
          .tuple(bounded, any, any, bounded, any, any)
          .map((both) => (operator === "GRU" ? both.filter((_, i) => i % 3 < 2) : both)),
      ),
      outputs: fc.integer({ min: 1, max: operator === "LSTM" ? 3 : 2 }),
      opset: fc.constantFrom(7, 11, 13, 14, 17, 22),
    })
    .map(({ steps, batch, features, hidden, direction, given, clip, flag, activations, outputs, opset }) => {
      const ways = direction === "bidirectional" ? 2 : 1;
      const gates = GATES[operator];
      const state = [ways, batch, hidden];
      const one = (there: boolean, operand: Operand): Operand | undefined => (there ? operand : undefined);
      const isLstm = operator === "LSTM";
      const begin = given.constant ? known : fed;
      const flags = { LSTM: "input_forget", GRU: "linear_before_reset", RNN: undefined }[operator];
      return {
        opset,
        outputs,
        batched: false,
        operands: [
          fed([steps, batch, features]),
          known([ways, gates * hidden, features]),
          known([ways, gates * hidden, hidden]),
          one(given.bias, known([ways, 2 * gates * hidden])),
          one(given.lengths, { ...list(Array.from({ length: batch }, () => steps)), type: "i32" }),
          one(given.state, begin(state)),
          ...(isLstm ? [one(given.cell, begin(state)), one(given.peephole, known([ways, 3 * hidden]))] : []),
        ],
        attributes: [
          int("hidden_size", hidden),
          string("direction", direction),
          ...(clip === null ? [] : [float("clip", clip)]),
          ...(flags === undefined || flag === null ? [] : [int(flags, flag)]),
          ...(activations === null ? [] : attributesOf(activations.slice(0, ways * FUNCTIONS[operator]))),
        ],
      };
    });

export const recurrents: Cases = {
  LSTM: recurrent("LSTM"),
  GRU: recurrent("GRU"),
  RNN: recurrent("RNN"),
};
