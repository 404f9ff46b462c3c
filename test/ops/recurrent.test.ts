/** Recurrent layers in all their forms, against both references. */
import * as weft from "weftgpu";
import { input, N } from "weftgpu";
import { type Case, checkOp, useDevice } from "./cases.ts";

useDevice();

const x = (steps = 3, features = 4) => input("x", [N, steps, features]);
const state = (name: string, ways: number, hidden: number) => input(name, [N, ways, hidden]);
const functions = [
  { kind: "hardSigmoid", alpha: 0.3 },
  { kind: "scaledTanh", alpha: 0.7, beta: 0.6 },
  "softsign",
] as const;

const common = (layer: typeof weft.rnn, count: number): readonly Case[] => [
  { name: "forward", build: () => layer(x(), { hidden: 5 }) },
  { name: "one step", build: () => layer(x(1), { hidden: 3 }) },
  {
    name: "reverse, without bias",
    build: () => layer(x(), { hidden: 5, direction: "reverse", bias: false }),
  },
  {
    name: "both ways, over more steps than a kernel reads",
    build: () => layer(x(19, 2), { hidden: 3, direction: "both" }),
  },
  {
    name: "from a state",
    build: () => layer(x(), { hidden: 3, direction: "both", state: state("h", 2, 3) }),
  },
  { name: "the last state", build: () => layer(x(), { hidden: 3, direction: "both", states: true })[1] },
  {
    name: "sequence and state of one layer",
    build: () => {
      const [sequence, last] = layer(x(), { hidden: 3, states: true });
      return weft.add(sequence, last);
    },
  },
  {
    name: "other activations, clipped",
    build: () =>
      layer(x(), { hidden: 3, activations: functions.slice(0, count), clip: 0.4, direction: "both" }),
  },
  { name: "a batch of a number", build: () => layer(input("x", [2, 3, 4]), { hidden: 3 }), batches: [2] },
];

checkOp("rnn", common(weft.rnn, 1));
checkOp("gru", [
  ...common(weft.gru as typeof weft.rnn, 2),
  { name: "reset before", build: () => weft.gru(x(), { hidden: 3, resetAfter: false }) },
  {
    name: "reset before, both ways from a state, without bias",
    build: () =>
      weft.gru(x(), {
        hidden: 3,
        resetAfter: false,
        direction: "both",
        bias: false,
        state: state("h", 2, 3),
      }),
  },
]);
checkOp("lstm", [
  ...common(weft.lstm as unknown as typeof weft.rnn, 3),
  { name: "peephole", build: () => weft.lstm(x(), { hidden: 3, peephole: true, direction: "both" }) },
  { name: "coupled", build: () => weft.lstm(x(), { hidden: 3, coupled: true, peephole: true }) },
  {
    name: "the last cell, from a state and a cell",
    build: () =>
      weft.lstm(x(), {
        hidden: 3,
        direction: "both",
        state: state("h", 2, 3),
        cell: state("c", 2, 3),
        states: true,
      })[2],
  },
]);
