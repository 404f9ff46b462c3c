/**
 * From ops to nodes: the one place where an `OpDef` is applied to tensors. It normalises the options, makes the
 * op's parameters, infers the type and keeps the call stack, from which the frontend reads where in the model
 * file the layer stands and what it is called there.
 */
import type { Diagnosis } from "../../contract/diagnosis.ts";
import type { DType } from "../../contract/type.ts";
import { plural, UserError } from "../errors.ts";
import type { Attrs, Node, OpDef, OpNode, Origin } from "../ir/graph.ts";
import { paramsOf, type Settings, type Shared, settingsOf } from "./own.ts";
import { checkSizes } from "./sizes.ts";
import { isTensor, type Tensor, tensorOf } from "./tensor.ts";

/** A mistake in a model file, with the call stack of the layer that it is about. */
export class ModelError extends UserError {
  /** The stack as the engine prints it, the DSL's own frames included. */
  readonly trace: string;
  constructor(diagnosis: Diagnosis, trace: string) {
    super(diagnosis);
    this.trace = trace;
  }
  override within(context: Pick<Diagnosis, "layer" | "at">): ModelError {
    return new ModelError({ ...context, ...this.diagnosis }, this.trace);
  }
}

/** Where the model file is now. */
export function here(): string {
  return new Error().stack ?? "";
}

/** Runs `body`; a mistake in it gains the place and, unless it is "", the layer. The innermost layer wins. */
export function located<T>(layer: string, trace: string, body: () => T): T {
  try {
    return body();
  } catch (e) {
    if (!(e instanceof UserError) || e instanceof ModelError) throw e;
    throw new ModelError(layer === "" ? e.diagnosis : { layer, ...e.diagnosis }, trace);
  }
}

/** How often each op occurs in the model that is being built; `model()` starts the next count. */
const counts = new Map<string, number>();

/** `conv2d1`, `conv2d2`, … Names hold until `model()` counts again over the layers that are used. */
export function layerName(op: string): string {
  const count = (counts.get(op) ?? 0) + 1;
  counts.set(op, count);
  return `${op}${count}`;
}

export function startNames(): void {
  counts.clear();
}

const serials = new WeakMap<OpNode, number>();
let nextSerial = 0;

/** Layers in the order in which the model file made them. */
export function creationOrder(layer: OpNode): number {
  return serials.get(layer) ?? Number.MAX_SAFE_INTEGER;
}

/** An operand as the user writes it: a number stands for a tensor of rank 0. */
export type Operand = Tensor | number;

export function isOperand(value: unknown): value is Operand {
  return isTensor(value) || typeof value === "number";
}

function showGiven(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function nodeOf(op: string, operand: unknown, position: number, origin: Origin): Node {
  checkOperand(op, operand, position);
  if (typeof operand !== "number") return operand.node;
  const own = `operand${position + 1}`;
  const name = `${origin.name}.${own}`;
  return {
    kind: "const",
    type: { dtype: "f32", shape: [] },
    origin: { ...origin, name },
    value: operand,
    own,
  };
}

/** Throws `UserError` unless it is a tensor or a finite number. */
export function checkOperand(op: string, operand: unknown, position: number): asserts operand is Operand {
  if (isTensor(operand) || (typeof operand === "number" && Number.isFinite(operand))) return;
  const layer = typeof operand === "function";
  throw new UserError({
    problem: `${op}: operand ${position + 1} is ${layer ? "a layer" : showGiven(operand)}, not a tensor`,
    rule: `${op} works on tensors: the result of input(), param() or another layer`,
    fix: layer ? "calling the layer with its input: layer(x)" : "a tensor in its place",
    ...(layer || operand === undefined ? { early: true } : {}),
  });
}

/** Checks the options of a layer before it is applied. Throws `ModelError`. */
export function settled(def: OpDef, options: unknown, trace: string): Settings {
  return located("", trace, () => settingsOf(def, options)); // the problem names the op
}

/** Applies an op to its operands. Throws `ModelError` where the options or the shapes do not fit. */
export function apply(
  def: OpDef,
  settings: () => Settings,
  operands: readonly unknown[],
  trace: string,
  { shared, part }: { readonly shared?: Shared; readonly part?: number } = {},
): Tensor {
  const name = layerName(def.name);
  const origin = { name, trace, ...(part === undefined ? {} : { part }) };
  return located(name, trace, () => tensorOf(opNode(def, settings(), operands, origin, shared)));
}

function opNode(
  def: OpDef,
  settings: Settings,
  operands: readonly unknown[],
  origin: Origin,
  shared: Shared | undefined,
): OpNode {
  checkArity(def, operands.length);
  const given = operands.map((operand, i) => nodeOf(def.name, operand, i, origin));
  const types = given.map((n) => n.type);
  const params = paramsOf(def, settings, types, origin, shared);
  const inputs = [...given, ...params];
  const { attrs } = settings;
  const type = def.infer(
    attrs,
    inputs.map((n) => n.type),
  );
  checkTypes(def, attrs, inputs, def.moves ? type.dtype : "f32");
  checkSizes(def.name, type.shape, types);
  if (shared) shared.first ??= { params, operands: types };
  const node: OpNode = { kind: "op", op: def, attrs, inputs, type, origin };
  serials.set(node, nextSerial++);
  return node;
}

/** Operands are of one type, but for the one that says where to read. */
function checkTypes(def: OpDef, attrs: Attrs, inputs: readonly Node[], dtype: DType): void {
  if (def.converts) return;
  const where = def.where?.(
    attrs,
    inputs.map((n) => n.type),
  ).operand;
  inputs.forEach(({ type }, i) => {
    if (i === where || type.dtype === dtype) return;
    throw new UserError({
      problem: `${def.name} takes tensors of ${dtype}, but operand ${i + 1} is ${type.dtype}`,
      rule: "whole numbers say where gather and embedding read; cast makes numbers of them to compute with",
    });
  });
}

function checkArity(def: OpDef, given: number): void {
  if (def.arity === "variadic" ? given > 0 : given === def.arity) return;
  const wanted =
    def.arity === "variadic" ? "at least one tensor" : `${def.arity} ${plural(def.arity, "tensor")}`;
  const form =
    def.arity === "variadic" ? "[a, b]" : def.arity === 1 ? "x" : [..."abc"].slice(0, def.arity).join(", ");
  throw new UserError({
    problem: `${def.name} takes ${wanted}, but got ${given}`,
    fix: `${def.name}(${form})`,
  });
}
