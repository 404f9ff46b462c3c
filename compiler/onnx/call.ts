/** A node of the file while its row translates it: its operands and attributes, and the calls of the language that it becomes. */
import type { Dim, Shape } from "../../contract/type.ts";
import { shortName } from "../dsl/names.ts";
import type { Attribute, OnnxNode } from "./decode.ts";
import { owner, readable } from "./names.ts";
import { type Files, readTensor } from "./numbers.ts";
import {
  type Callee,
  type CallOptions,
  NAME,
  type Numbers,
  type Recorder,
  type Ref,
  shapeOf,
} from "./recorder.ts";
import { bounded, tidy } from "./round.ts";
import {
  type Computed,
  type ElementType,
  type Known,
  known,
  numbersOf,
  refuse,
  showValue,
  sizeOf,
  type Value,
} from "./value.ts";

/** What all nodes of an import share. */
export interface Import {
  readonly recorder: Recorder;
  readonly files: Files;
  /** Counts elements that the import makes. Throws `UserError` where they become too many. */
  spend(elements: number): void;
  /** The same of weights. */
  spendWeights(elements: number): void;
  /** Names of the graph that one node alone reads, once. */
  readonly readOnce: ReadonlySet<string>;
  /** What a weight or a constant became, so that it is one tensor wherever it is read: constants of few numbers by these. */
  readonly constants: Map<Known | string, Ref>;
  /** Whether nodes Constant hold the weights: the file has none among its initialisers. */
  readonly constantsAreWeights: boolean;
}

/** What is around a node. */
export interface Around {
  /** Carries out a graph within the node. */
  inner(graph: NonNullable<Attribute["g"]>, inputs: readonly Value[]): readonly Value[];
  /** Whether anything needs a value of that name. */
  isRead(name: string): boolean;
}

/** Constants of so many numbers are written into the model's text: more would be read by nobody. */
const MOST_WRITTEN = 64;

export class Call {
  readonly node: OnnxNode;
  /** The version of the operator's domain. */
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly #import: Import;
  readonly #read = new Set<string>();

  readonly #around: Around;

  constructor(
    node: OnnxNode,
    opset: number,
    inputs: readonly (Value | undefined)[],
    shared: Import,
    around: Around,
  ) {
    this.#around = around;
    this.node = node;
    this.opset = opset;
    this.inputs = inputs;
    this.#import = shared;
  }

  /** An operand. Refuses where it is left out. */
  value(i: number, what = `operand ${i + 1}`): Value {
    return this.inputs[i] ?? refuse(`${what} is missing`, "the file as it was exported");
  }

  /** Whether nothing else reads an operand. */
  isOnlyReader(i: number): boolean {
    return this.#import.readOnce.has(this.node.inputs[i] ?? "");
  }

  /** An operand whose numbers have to be known at import. */
  known(i: number, what: string): Known {
    const value = this.value(i, what);
    if (value.kind === "known") return value;
    return refuse(`${what} is computed by the model`, `an export in which ${what} is a constant`);
  }

  /** Whole numbers that have to be known at import; undefined where the operand is left out. */
  numbers(i: number, what: string): readonly number[] | undefined {
    return this.inputs[i] === undefined ? undefined : numbersOf(this.known(i, what).data, what);
  }

  /** The same as sizes, of which a run may decide some. */
  sizes(i: number, what: string): readonly Dim[] {
    return Array.from(this.known(i, what).data);
  }

  #attribute(name: string): Attribute | undefined {
    this.#read.add(name);
    const attribute = this.node.attributes.get(name);
    if (attribute?.refAttrName)
      refuse(`attribute ${name} is that of a function`, "an export without functions");
    return attribute;
  }

  has(name: string): boolean {
    return this.#attribute(name) !== undefined;
  }
  /** Writers leave out a number that is 0: an attribute that is there without one has that. */
  int(name: string, absent: number): number {
    const attribute = this.#attribute(name);
    return attribute ? (attribute.i ?? 0) : absent;
  }
  float(name: string, absent: number): number {
    const attribute = this.#attribute(name);
    return tidy(attribute ? (attribute.f ?? 0) : absent);
  }
  ints(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.ints;
  }
  floats(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.floats.map(tidy);
  }
  text(name: string, absent: string): string {
    const { s } = this.#attribute(name) ?? {};
    return s ? new TextDecoder().decode(s) : absent;
  }
  texts(name: string): readonly string[] | undefined {
    return this.#attribute(name)?.strings.map((s) => new TextDecoder().decode(s));
  }
  attributeTensor(name: string): Known | undefined {
    const tensor = this.#attribute(name)?.t;
    return tensor && readTensor(tensor, this.#import.files);
  }
  /** The outputs of a graph that is an attribute, for inputs. */
  inner(name: string, inputs: readonly Value[]): readonly Value[] {
    return this.#around.inner(this.#attribute(name)?.g ?? refuse(`attribute ${name} is missing`), inputs);
  }

  /** Refuses where the node has an attribute that its row has not looked at: what it means would be lost. */
  requireAllRead(): void {
    for (const name of this.node.attributes.keys())
      if (!this.#read.has(name))
        refuse(`attribute ${name} is not one of ${this.node.op} in opset ${this.opset}`);
  }

  spend(elements: number): void {
    this.#import.spend(elements);
  }
  spendWeights(elements: number): void {
    this.#import.spendWeights(elements);
  }

  /** Whether anything needs a result of the node. */
  isRead(output: number): boolean {
    const name = this.node.outputs[output] ?? "";
    return name !== "" && this.#around.isRead(name);
  }

  /** What the node's variable may be called. */
  get hint(): string {
    const weight = this.inputs.find(
      (v, i) => i > 0 && v?.kind === "known" && v.name !== undefined && owner(v.name) !== "",
    );
    if (weight?.kind === "known" && weight.name !== undefined) return owner(weight.name);
    const { name, op, outputs } = this.node;
    return readable(name, op) || readable(outputs[0] ?? "", op);
  }

  /** Records a call of the language. What it gives is f32 unless it is said. */
  apply(
    callee: Callee,
    args: readonly unknown[],
    options: CallOptions & { readonly type?: ElementType } = {},
  ): Computed {
    const { type = "f32", ...rest } = options;
    const ref = this.#import.recorder.call(callee, plainArgs(args), {
      hint: this.hint,
      otherwise: shortName(callee),
      ...rest,
    });
    return { kind: "computed", type, shape: shapeOf(ref), ref };
  }

  applyMany(
    callee: Callee,
    args: readonly unknown[],
    type: ElementType,
    weights: CallOptions["weights"] = {},
  ): readonly Computed[] {
    const options = { hint: this.hint, otherwise: shortName(callee), weights };
    return this.#import.recorder
      .callMany(callee, plainArgs(args), options)
      .map((ref) => ({ kind: "computed", type, shape: shapeOf(ref), ref }));
  }

  /** An operand to compute with: f32, also where it is whole numbers that say where to read. */
  tensor(i: number, what?: string): Computed {
    return this.asNumbers(this.value(i, what));
  }

  /** An operand that is moved and left what it is. */
  moved(i: number): Computed {
    return this.asTensor(this.value(i));
  }

  asNumbers(value: Value): Computed {
    const x = this.asTensor(value);
    return x.ref.tensor.node.type.dtype === "f32"
      ? x
      : this.apply("cast", [x, { to: "f32" }], { type: x.type });
  }

  /** A weight becomes a parameter, and a constant stays one: in the text where it is small, else among the weights. */
  asTensor(value: Value): Computed {
    if (value.kind === "computed") {
      if (!value.order) return value;
      return refuse(
        `it reads ${showValue(value)}, in which N is not the outermost size`,
        "bind the batch: --dim NAME=1, dims: { NAME: 1 }",
      );
    }
    const count = sizeOf(value.shape);
    if (count === 0) return refuse(`its operand ${showValue(value)} has no elements`);
    const isWritten = value.isTrained !== true && count <= MOST_WRITTEN;
    const numbers = isWritten ? Array.from(this.weight(value).data(), tidy) : [];
    const key = isWritten ? JSON.stringify([value.shape, numbers]) : value;
    const { constants, recorder } = this.#import;
    const ref =
      constants.get(key) ??
      recorder.call(value.isTrained ? "param" : "constant", [isWritten ? numbers : NAME, value.shape], {
        hint: readable(value.name ?? "", ""),
        otherwise: "constant",
        weights: isWritten ? {} : { "": this.weight(value) },
      });
    constants.set(key, ref);
    return { kind: "computed", type: "f32", shape: shapeOf(ref), ref };
  }

  /** A factor or a summand: a number where a constant is one, whatever its rank up to that of `beside`. */
  operand(i: number, beside: Shape): Computed | number {
    const value = this.value(i);
    const first = value.kind === "known" ? value.data[0] : undefined;
    const one = value.kind === "known" && sizeOf(value.shape) === 1 && value.shape.length <= beside.length;
    if (one && typeof first === "number" && !Number.isNaN(first)) return tidy(bounded(first));
    return this.asNumbers(value);
  }

  /** A constant as a parameter's numbers: as they are, or moved by `order` of its elements. */
  weight(
    value: Known,
    shape: readonly number[] = value.shape,
    from?: (i: number) => number,
    scale = 1,
  ): Numbers {
    const { data } = value;
    const count = sizeOf(shape);
    return {
      shape,
      data: () => {
        if (from === undefined && scale === 1 && data instanceof Float32Array && data.every(Number.isFinite))
          return data;
        this.#import.spendWeights(count);
        const numbers = new Float32Array(count);
        for (let i = 0; i < count; i++) numbers[i] = bounded(scale * Number(data[from ? from(i) : i]));
        return numbers;
      },
    };
  }

  /** A constant of this import's own making. */
  constant(shape: readonly number[], data: ArrayLike<number>): Known {
    this.spend(data.length);
    return known("f32", shape, data);
  }
}

/** Arguments as they are recorded, without options at the end that say nothing. */
function plainArgs(args: readonly unknown[]): readonly unknown[] {
  const last = args.at(-1);
  const empty =
    typeof last === "object" && last !== null && !Array.isArray(last) && Object.keys(last).length === 0;
  return (empty ? args.slice(0, -1) : args).map(plainArg);
}

/** Computed values stand for their references. */
const plainArg = (arg: unknown): unknown => {
  if (Array.isArray(arg)) return arg.map(plainArg);
  if (typeof arg !== "object" || arg === null || !("kind" in arg) || arg.kind !== "computed") {
    if (typeof arg !== "object" || arg === null || Object.isFrozen(arg)) return arg;
    return "statement" in arg
      ? arg
      : Object.fromEntries(Object.entries(arg).map(([k, v]) => [k, plainArg(v)]));
  }
  return (arg as Computed).ref; // it has the kind of one
};
