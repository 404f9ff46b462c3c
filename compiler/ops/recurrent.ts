/**
 * Recurrent layers: what they are, and how they are written out. A recurrence is no expression of one element, so a layer is
 * written out in its steps before anything is computed, and before gradients are taken.
 */
import { showShape } from "../../contract/shapes.ts";
import type { Dim, TensorType } from "../../contract/type.ts";
import { InternalError, must, plural } from "../errors.ts";
import type { Node, OpDef, OpNode, Origin, ParamRequest } from "../ir/graph.ts";
import { sameShape } from "../ir/type.ts";
import { flag, type Kind, listOf, numberThat, oneOf, otherwise, positive, takes } from "../options.ts";
import { type Activation, activation, showActivation } from "./activation.ts";
import { fail, fixed, rank, tensorOnly } from "./check.ts";
import { contract } from "./contract.ts";
import { opNode, suffixed } from "./derived.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";
import { operandsOf, recurrentSteps as step } from "./recurrentSteps.ts";
import { shape as views } from "./shape.ts";
import { slices } from "./slice.ts";

export type Way = "forward" | "reverse" | "both";
/** Which of its results a node is: all states, the last ones, or the last cells. */
export type Gives = "sequence" | "state" | "cell";

export interface RecurrentOptions {
  /** Numbers of a state. */
  readonly hidden: number;
  /** Default "forward". */
  readonly direction?: Way;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: any number. */
  readonly clip?: number;
  readonly activations?: readonly unknown[];
  /** Of an lstm. Default false. */
  readonly peephole?: boolean;
  /** Of an lstm. Default false. */
  readonly coupled?: boolean;
  /** Of a gru. Default true. */
  readonly resetAfter?: boolean;
  readonly init?: InitRequest;
}

export type RecurrentAttrs = {
  readonly hidden: number;
  readonly direction: Way;
  readonly bias: boolean;
  readonly clip: number | null;
  /** Those of each direction, one after the other. */
  readonly activations: readonly Activation[];
  readonly peephole: boolean;
  readonly coupled: boolean;
  readonly resetAfter: boolean;
  readonly init: InitAttr;
  readonly gives: Gives;
  /** How many of its operands are the states that it begins with. */
  readonly states: number;
};

/** More steps are a program that nobody wants to build. */
export const MOST_STEPS = 256;

export type RecurrentName = "lstm" | "gru" | "rnn";

/** How many gates there are, and what makes them and the state. */
const kinds: Readonly<Record<RecurrentName, { readonly gates: number; readonly usual: readonly string[] }>> =
  {
    lstm: { gates: 4, usual: ["sigmoid", "tanh", "tanh"] },
    gru: { gates: 3, usual: ["sigmoid", "tanh"] },
    rnn: { gates: 1, usual: ["tanh"] },
  };

export const directionsOf = (direction: Way): readonly ("" | "_reverse")[] =>
  direction === "both" ? ["", "_reverse"] : direction === "reverse" ? ["_reverse"] : [""];

/** The parameters of a direction, in their order among the operands. */
export function rolesOf(attrs: Pick<RecurrentAttrs, "bias" | "peephole">): readonly string[] {
  return [
    "weight_ih",
    "weight_hh",
    ...(attrs.bias ? ["bias_ih", "bias_hh"] : []),
    ...(attrs.peephole ? ["peephole"] : []),
  ];
}

/** A function for each gate and state; a list for one direction is that of both. */
function activationsKind(name: RecurrentName): Kind<readonly Activation[]> {
  const { usual } = kinds[name];
  const list = listOf(activation);
  const rule = `a list of ${usual.length} activations, or of ${2 * usual.length} for both directions`;
  const place = { of: name, option: "activations", name: "activations" };
  return {
    rule,
    example: `[${usual.map((u) => `"${u}"`).join(", ")}]`,
    read: (value, at) => (value === undefined ? list.read(usual, place) : list.read(value, at)),
  };
}

function read(name: RecurrentName): (options: RecurrentOptions) => RecurrentAttrs {
  const { usual } = kinds[name];
  const fields = takes(name, {
    hidden: positive,
    direction: otherwise(oneOf(["forward", "reverse", "both"]), "forward"),
    bias: otherwise(flag, true),
    clip: otherwise<number | null>(
      numberThat("a number above 0", 1, (c) => c > 0 && Number.isFinite(c)),
      null,
    ),
    activations: activationsKind(name),
    ...(name === "lstm" ? { peephole: otherwise(flag, false), coupled: otherwise(flag, false) } : {}),
    ...(name === "gru" ? { resetAfter: otherwise(flag, true) } : {}),
    init: initializer,
    // Tensors are taken out before the options are checked, and so is what is asked for besides.
    state: tensorOnly,
    ...(name === "lstm" ? { cell: tensorOnly } : {}),
    states: otherwise(flag, false),
  });
  return (options) => {
    const { states: _, ...given } = fields(options);
    const usualAttrs = { peephole: false, coupled: false, resetAfter: true } as const;
    const attrs = { ...usualAttrs, ...given, gives: "sequence", states: 0 } as const;
    const ways = directionsOf(attrs.direction).length;
    const made = attrs.activations;
    if (made.length !== usual.length && made.length !== ways * usual.length)
      fail(
        `${name}: ${made.length} ${plural(made.length, "activation")} for ${ways === 1 ? "one direction" : "two directions"}`,
        `${usual.length} for each direction: ${usual.join(", ")} where they are left out`,
      );
    const activations = made.length === usual.length && ways === 2 ? [...made, ...made] : made;
    return { ...attrs, activations };
  };
}

/** The steps there are, from [N, T, features]. */
function stepsOf(name: string, x: TensorType): readonly [count: number, features: number] {
  if (x.shape.length !== 3) rank(name, x, 3, "[N, steps, features]");
  const count = fixed(name, x.shape[1], "the number of steps");
  if (count > MOST_STEPS)
    fail(
      `${name} over ${count} ${plural(count, "step")} of ${showShape(x.shape)}`,
      `at most ${MOST_STEPS}: each step is written out, as kernels of its own`,
      `slice(x, { end: ${MOST_STEPS} }), or a shorter sequence`,
    );
  return [count, fixed(name, x.shape[2], "the number of features")];
}

/** What it begins with: [N, directions, hidden] each. */
function checkStates(name: string, attrs: RecurrentAttrs, inputs: readonly TensorType[]): void {
  const x = must(inputs[0], "operand");
  const wanted: readonly Dim[] = [x.shape[0] ?? 1, directionsOf(attrs.direction).length, attrs.hidden];
  for (const state of inputs.slice(1, 1 + attrs.states))
    if (!sameShape(state.shape, wanted))
      fail(
        `${name} of ${showShape(x.shape)} begins with a state ${showShape(state.shape)}`,
        `a state is [N, directions, hidden]: ${showShape(wanted)}`,
        `reshape(state, ${showShape(wanted)})`,
      );
}

function recurrent(name: RecurrentName): OpDef<RecurrentAttrs, RecurrentOptions> {
  const { gates } = kinds[name];
  return {
    name,
    arity: "variadic",
    options: read(name),
    params(attrs, inputs) {
      const [, features] = stepsOf(name, must(inputs[0], "operand"));
      if (inputs.length !== 1 + attrs.states)
        fail(
          `${name} of ${inputs.length} ${plural(inputs.length, "tensor")}`,
          "one sequence, and states among the options",
          `${name}(x, { hidden, state })`,
        );
      const { hidden, init } = attrs;
      const rows = gates * hidden;
      const starts: Readonly<Record<string, Omit<ParamRequest, "role">>> = {
        weight_ih: { shape: [rows, features], init: resolveInit(init, features, hidden) },
        weight_hh: { shape: [rows, hidden], init: resolveInit(init, hidden, hidden) },
        bias_ih: { shape: [rows], init: { kind: "zeros" } },
        bias_hh: { shape: [rows], init: { kind: "zeros" } },
        peephole: { shape: [3 * hidden], init: { kind: "zeros" } },
      };
      return directionsOf(attrs.direction).flatMap((way) =>
        rolesOf(attrs).map((role) => ({ role: `${role}${way}`, ...must(starts[role], "parameter") })),
      );
    },
    infer(attrs, inputs) {
      const x = must(inputs[0], "operand");
      const [count] = stepsOf(name, x);
      checkStates(name, attrs, inputs);
      const ways = directionsOf(attrs.direction).length;
      const batch = must(x.shape[0], "batch");
      const { hidden, gives } = attrs;
      return {
        dtype: "f32",
        shape: gives === "sequence" ? [batch, count, ways * hidden] : [batch, ways, hidden],
      };
    },
    define: () => {
      throw new InternalError(`${name} is written out before it is computed`);
    },
    written: (node) => written(name, node),
    summary(attrs, inputs) {
      const features = must(inputs[0], "operand").shape[2];
      const { usual } = kinds[name];
      const made = attrs.activations.map(showActivation);
      const plain = made.every((a, i) => a === usual[i % usual.length]);
      const parts = [
        `${features} → ${attrs.hidden}`,
        ...(attrs.direction === "forward" ? [] : [attrs.direction === "both" ? "both ways" : "reverse"]),
        ...(attrs.bias ? [] : ["no bias"]),
        ...(attrs.peephole ? ["peephole"] : []),
        ...(attrs.coupled ? ["coupled"] : []),
        ...(attrs.resetAfter ? [] : ["reset before"]),
        ...(attrs.clip === null ? [] : [`within ±${attrs.clip}`]),
        ...(plain ? [] : [made.join(" ")]),
        ...(attrs.gives === "sequence" ? [] : [`last ${attrs.gives}`]),
      ];
      return { options: parts.join(", "), formula: "" };
    },
  };
}

/** The steps of one direction, in the order of the sequence, and what is left of them. */
interface Course {
  readonly states: readonly Node[];
  readonly last: Node;
  readonly cell: Node | undefined;
}

/** Those of a layer are made once, however many of its results are read. */
const courses = new WeakMap<Node, { readonly node: OpNode; readonly made: readonly Course[] }[]>();

function coursesOf(name: RecurrentName, node: OpNode): readonly Course[] {
  const x = must(node.inputs[0], "operand");
  const known = courses.get(x) ?? [];
  courses.set(x, known);
  const attrs = attrsOf(node);
  const same = (other: OpNode): boolean =>
    other.op === node.op &&
    other.inputs.every((input, i) => input === node.inputs[i]) &&
    JSON.stringify({ ...attrsOf(other), gives: "" }) === JSON.stringify({ ...attrs, gives: "" });
  const before = known.find((k) => same(k.node));
  if (before) return before.made;
  const made = directionsOf(attrs.direction).map((way, d) => course(name, node, way !== "", d));
  known.push({ node, made });
  return made;
}

const attrsOf = (node: OpNode): RecurrentAttrs => node.attrs as RecurrentAttrs; // its options gave them

function course(name: RecurrentName, node: OpNode, isReverse: boolean, d: number): Course {
  const attrs = attrsOf(node);
  const [x, ...rest] = node.inputs;
  const roles = rolesOf(attrs);
  const own = rest.slice(attrs.states + d * roles.length, attrs.states + (d + 1) * roles.length);
  const param = (role: string): Node | undefined => own[roles.indexOf(role)];
  const { hidden, clip, coupled, bias } = attrs;
  const { usual, gates } = kinds[name];
  const activations = attrs.activations.slice(d * usual.length, (d + 1) * usual.length);
  const way = isReverse ? "reverse." : "";
  const at = (suffix: string): Origin => suffixed(node.origin, `${way}${suffix}`);
  const first = (i: number): Node | undefined => {
    const state = i < attrs.states ? rest[i] : undefined;
    if (!state || state.type.shape[1] === 1) return state;
    return opNode(slices.slice, { axis: 1, start: d, end: d + 1 }, [state], at(`start${i}`));
  };
  const dense = (of: Node, weight: Node, added: Node | undefined, suffix: string): Node => {
    const inputs = added ? [of, weight, added] : [of, weight];
    const out = Number(weight.type.shape[0]);
    return opNode(contract.linear, { out, bias: added !== undefined }, inputs, at(suffix));
  };
  const [input, recur] = [must(param("weight_ih"), "weight"), must(param("weight_hh"), "weight")];
  const shift = param("bias_hh");
  const rowsOf = (of: Node, from: number, to: number, suffix: string): Node =>
    opNode(slices.slice, { axis: 0, start: from * hidden, end: to * hidden }, [of], at(suffix));
  const sequence = dense(must(x, "operand"), input, bias ? param("bias_ih") : undefined, "input");
  const count = Number(sequence.type.shape[1]);

  // A gru that resets first takes the candidate's rows apart.
  const apart = name === "gru" && !attrs.resetAfter;
  const split = (of: Node, suffix: string): readonly [Node, Node] => [
    rowsOf(of, 0, gates - 1, `${suffix}.gates`),
    rowsOf(of, gates - 1, gates, `${suffix}.candidate`),
  ];
  const [gateRows, freshRows] = apart ? split(recur, "weight") : [recur, recur];
  const [gateShift, freshShift] = apart && shift ? split(shift, "bias") : [shift, shift];

  let [state, cell] = [first(0), first(1)];
  const states: Node[] = [];
  for (let i = 0; i < count; i++) {
    const t = isReverse ? count - 1 - i : i;
    const place = (part: string): string => `step${t}.${part}`;
    const product = state ? dense(state, gateRows, gateShift, place("product")) : gateShift;
    const take = (op: typeof step.rnnState, part: string, candidates: Parameters<typeof operandsOf>[0]) => {
      const { given, nodes } = operandsOf(candidates);
      return opNode(
        op,
        { at: t, hidden, activations, clip, coupled, given },
        [sequence, ...nodes],
        at(place(part)),
      );
    };
    const peephole = param("peephole");
    if (name === "lstm") {
      cell = take(step.lstmCell, "cell", { product, cell, peephole });
      state = take(step.lstmState, "state", { product, cell, peephole });
    } else if (name === "rnn") state = take(step.rnnState, "state", { product });
    else if (!apart) state = take(step.gruState, "state", { product, state });
    else {
      const reset = state && take(step.gruReset, "reset", { product, state });
      const candidate = reset ? dense(reset, freshRows, freshShift, place("candidate")) : freshShift;
      state = take(step.gruState, "state", { product, state, candidate });
    }
    states.push(state);
  }
  const ordered = isReverse ? states.toReversed() : states;
  return { states: ordered, last: must(states.at(-1), "step"), cell };
}

function written(name: RecurrentName, node: OpNode): Node {
  const { gives } = attrsOf(node);
  const made = coursesOf(name, node);
  const joined = (parts: readonly Node[], axis: number, origin: Origin): Node => {
    const [only] = parts;
    return only && parts.length === 1 ? only : opNode(views.concat, { axis }, parts, origin);
  };
  if (gives !== "sequence") {
    const last = made.map((c) => (gives === "state" ? c.last : must(c.cell, "cell")));
    return joined(last, 1, node.origin);
  }
  const lines = made.map(({ states }, d) =>
    joined(states, 1, made.length === 1 ? node.origin : suffixed(node.origin, `line${d}`)),
  );
  return joined(lines, 2, node.origin);
}

export const recurrents = { lstm: recurrent("lstm"), gru: recurrent("gru"), rnn: recurrent("rnn") };
