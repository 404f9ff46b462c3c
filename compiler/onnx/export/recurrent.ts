/** Recurrent layers as ONNX's own: sequences lie [T, N, …] there, gates in another order, both directions in one tensor. */
import type { Node } from "../../ir/graph.ts";
import { directionsOf, type RecurrentAttrs, type RecurrentName, rolesOf } from "../../ops/recurrent.ts";
import { ACTIVATIONS, DIRECTIONS, GATES, PEEPHOLES } from "../words.ts";
import { type Attribute, float, floats, int, ints, string, strings } from "./message.ts";
import { list, type Translate, type Translation } from "./translation.ts";

const OPERATORS = { lstm: "LSTM", gru: "GRU", rnn: "RNN" } as const;

/** What is written for a layer: its three results, of which a node is one. */
type Made = readonly string[];

/** Blocks of rows in ONNX's order, of which Weft has each at the place that `places` says. */
function reordered(
  { emit, emitAll, ...t }: Translation,
  x: string,
  places: readonly number[],
  hidden: number,
): string {
  if (places.length === 1) return x;
  const sizes = list(
    { emit, emitAll, ...t },
    places.map(() => hidden),
  );
  const parts = emitAll("Split", [x, sizes], places.length, int("axis", 0));
  const inOrder = places.map((_, p) => parts[places.indexOf(p)] ?? "");
  return emit("Concat", inOrder, int("axis", 0));
}

function activationsOf(attrs: RecurrentAttrs): readonly Attribute[] {
  const words = attrs.activations.map(({ kind, alpha, beta }) => {
    const [name = "", about] = Object.entries(ACTIVATIONS).find(([, a]) => a.kind === kind) ?? [];
    return { name, alpha, beta, numbers: about?.numbers ?? 0 };
  });
  const numbers = (least: number, of: "alpha" | "beta"): readonly Attribute[] => {
    const values = words.filter((w) => w.numbers >= least).map((w) => w[of]);
    return values.length > 0 ? [floats(`activation_${of}`, values)] : [];
  };
  return [
    strings(
      "activations",
      words.map((w) => w.name),
    ),
    ...numbers(1, "alpha"),
    ...numbers(2, "beta"),
  ];
}

function layer(t: Translation, name: RecurrentName, attrs: RecurrentAttrs): Made {
  const { emit } = t;
  const [x = "", ...rest] = t.inputs;
  const roles = rolesOf(attrs);
  const ways = directionsOf(attrs.direction);
  const operator = OPERATORS[name];
  const { hidden } = attrs;
  const own = (role: string, d: number): string =>
    rest[attrs.states + d * roles.length + roles.indexOf(role)] ?? "";
  /** A row for each direction. */
  const both = (of: (d: number) => string): string => {
    const each = ways.map((_, d) => emit("Unsqueeze", [of(d), list(t, [0])]));
    return each.length === 1 ? (each[0] ?? "") : emit("Concat", each, int("axis", 0));
  };
  const gates = (role: string, d: number): string => reordered(t, own(role, d), GATES[operator], hidden);
  const turned = (of: string): string => emit("Transpose", [of], ints("perm", [1, 0, 2]));
  const state = (i: number): string => (i < attrs.states ? turned(rest[i] ?? "") : "");
  const direction = Object.entries(DIRECTIONS).find(([, way]) => way === attrs.direction)?.[0] ?? "forward";
  const inputs = [
    turned(x),
    both((d) => gates("weight_ih", d)),
    both((d) => gates("weight_hh", d)),
    attrs.bias ? both((d) => emit("Concat", [gates("bias_ih", d), gates("bias_hh", d)], int("axis", 0))) : "",
    "",
    state(0),
    ...(name === "lstm"
      ? [state(1), attrs.peephole ? both((d) => reordered(t, own("peephole", d), PEEPHOLES, hidden)) : ""]
      : []),
  ];
  const attributes = [
    int("hidden_size", hidden),
    string("direction", direction),
    ...activationsOf(attrs),
    ...(attrs.clip === null ? [] : [float("clip", attrs.clip)]),
    ...(attrs.coupled ? [int("input_forget", 1)] : []),
    ...(name === "gru" ? [int("linear_before_reset", attrs.resetAfter ? 1 : 0)] : []),
  ];
  const used = inputs.slice(0, inputs.findLastIndex((input) => input !== "") + 1);
  return t.emitAll(operator, used, name === "lstm" ? 3 : 2, ...attributes);
}

/** The nodes of one layer have its operands and its options, and are one operator. */
const recurrent =
  (name: RecurrentName): Translate =>
  (t) => {
    const attrs = t.node.attrs as RecurrentAttrs; // its options gave them
    const { gives, ...same } = attrs;
    const key = JSON.stringify([name, same, t.inputs]);
    const [sequence = "", state = "", cell = ""] = t.once(key, () => layer(t, name, attrs));
    if (gives !== "sequence")
      return t.emit("Transpose", [gives === "state" ? state : cell], ints("perm", [1, 0, 2]));
    const byExample = t.emit("Transpose", [sequence], ints("perm", [2, 0, 1, 3]));
    const [, steps = 1, size = 1] = (t.node satisfies Node).type.shape;
    return t.emit("Reshape", [byExample, list(t, [0, Number(steps), Number(size)])]);
  };

export const recurrents = {
  lstm: recurrent("lstm"),
  gru: recurrent("gru"),
  rnn: recurrent("rnn"),
} satisfies Record<string, Translate>;
