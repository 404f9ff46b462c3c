/**
 * The steps that recurrent layers are taken in: ops of the compiler's own. The state before a step is [N, 1, hidden]; at the first
 * step, where it is 0, it is left out. What the state adds to the gates is a dense layer of it, [N, 1, gates · hidden], or where it
 * is 0 that layer's bias, or nothing.
 */
import { must } from "../errors.ts";
import type { Expr, OpContext } from "../ir/expr.ts";
import type { Attrs, Node, OpDef } from "../ir/graph.ts";
import { add, axisIndex, constant } from "../math/affine.ts";
import { call, literal, load } from "../math/build.ts";
import { type Activation, activated } from "./activation.ts";
import { fail } from "./check.ts";
import { clamp } from "./elementwise.ts";

/** A step of one direction. */
export type StepAttrs = {
  /** Its position in the sequence. */
  readonly at: number;
  readonly hidden: number;
  readonly activations: readonly Activation[];
  /** What arrives at gates is kept within ±clip, and the cell, as in onnxruntime, is not; null: it is any number. */
  readonly clip: number | null;
  /** What of the operands behind the projected sequence is there. */
  readonly given: readonly Operand[];
  /** Of an lstm: what is forgotten is what is not taken in. */
  readonly coupled: boolean;
};
export type Operand = "product" | "state" | "cell" | "peephole" | "candidate";

/** An element of the step: what is read, and what becomes of it. */
interface Reader {
  /** What arrives at a gate: of the sequence, and of the state where `withState` is set. */
  gate(k: number, withState?: boolean): Expr;
  /** What the state adds to a gate; 0 where it adds nothing. */
  product(k: number): Expr | undefined;
  /** An operand at this element: a state, [N, 1, hidden], or numbers [hidden]. */
  read(operand: Operand, part?: number): Expr | undefined;
  /** `bounded`: what arrives at a gate. */
  activate(i: number, x: Expr, bounded?: boolean): Expr;
}

function reader(attrs: StepAttrs, { at, inputs }: OpContext): Reader {
  const { hidden, clip, given, activations } = attrs;
  const [sequence, ...rest] = inputs;
  const [n, , j] = at;
  if (!sequence || !n || !j) return fail("a step of a recurrent layer: missing operands");
  const column = (k: number) => add(axisIndex(j), k * hidden);
  const read = (operand: Operand, part = 0): Expr | undefined => {
    const node = rest[given.indexOf(operand)];
    if (!node) return undefined;
    return node.type.shape.length === 1
      ? load(node, [column(part)])
      : load(node, [axisIndex(n), constant(0), column(part)]);
  };
  const product = (k: number): Expr | undefined => read("product", k);
  return {
    read,
    product,
    gate(k, withState = true) {
      const own = load(sequence, [axisIndex(n), constant(attrs.at), column(k)]);
      const more = withState ? product(k) : undefined;
      return more ? call("add", own, more) : own;
    },
    activate(i, x, bounded = true) {
      const within = clip === null || !bounded ? x : clamp(x, -clip, clip);
      return activated(must(activations[i], "activation"), within);
    },
  };
}

const plus = (a: Expr, b: Expr | undefined): Expr => (b ? call("add", a, b) : a);
const timesOr = (a: Expr, b: Expr | undefined): Expr | undefined => (b ? call("mul", a, b) : undefined);

function step(name: string, value: (attrs: StepAttrs, of: Reader) => Expr): OpDef<StepAttrs, StepAttrs> {
  return {
    name,
    arity: "variadic",
    options: (attrs) => attrs,
    infer: ({ hidden }, inputs) => ({
      dtype: "f32",
      shape: [must(must(inputs[0], "sequence").shape[0], "batch"), 1, hidden],
    }),
    define: (attrs, context) => value(attrs, reader(attrs, context)),
    summary: ({ at }) => ({ options: `step ${at}`, formula: "" }),
  };
}

/** c′ = f·c + i·g; gates are i, f, g, o as PyTorch has them (Hochreiter & Schmidhuber 1997, Gers et al. 2000). */
const lstmCell = step("lstmCell", ({ coupled }, of) => {
  const before = of.read("cell");
  const seen = (k: number): Expr | undefined =>
    before ? timesOr(before, of.read("peephole", k)) : undefined;
  const taken = of.activate(0, plus(of.gate(0), seen(0)));
  const kept = coupled ? call("sub", literal(1), taken) : of.activate(0, plus(of.gate(1), seen(1)));
  const fresh = call("mul", taken, of.activate(1, of.gate(2)));
  return plus(fresh, timesOr(kept, before));
});

/** h′ = o·tanh(c′) */
const lstmState = step("lstmState", (_, of) => {
  const cell = must(of.read("cell"), "cell");
  const shown = of.activate(0, plus(of.gate(3), timesOr(cell, of.read("peephole", 2))));
  return call("mul", shown, of.activate(2, cell, false));
});

/** r·h, of which the candidate is made where the reset comes first. */
const gruReset = step("gruReset", (_, of) =>
  call("mul", of.activate(0, of.gate(0)), must(of.read("state"), "state")),
);

/** h′ = (1 − z)·n + z·h; gates are r, z, n as PyTorch has them (Cho et al. 2014). */
const gruState = step("gruState", ({ given }, of) => {
  const update = of.activate(0, of.gate(1));
  const more = given.includes("candidate")
    ? of.read("candidate")
    : timesOr(of.activate(0, of.gate(0)), of.product(2));
  const fresh = of.activate(1, plus(of.gate(2, false), more));
  const rest = call("mul", call("sub", literal(1), update), fresh);
  return plus(rest, timesOr(update, of.read("state")));
});

/** h′ = tanh(x·W + h·R) (Elman 1990). */
const rnnState = step("rnnState", (_, of) => of.activate(0, of.gate(0)));

export const recurrentSteps = { lstmCell, lstmState, gruReset, gruState, rnnState } satisfies Readonly<
  Record<string, OpDef<Attrs, never> | OpDef<StepAttrs, StepAttrs>>
>;

/** What is there of a step's operands, in their order. */
export function operandsOf(candidates: Readonly<Partial<Record<Operand, Node | undefined>>>): {
  readonly given: readonly Operand[];
  readonly nodes: readonly Node[];
} {
  const there = Object.entries(candidates).flatMap(
    ([name, node]) => (node ? [{ name: name as Operand, node }] : []), // the record's own keys
  );
  return { given: there.map((t) => t.name), nodes: there.map((t) => t.node) };
}
