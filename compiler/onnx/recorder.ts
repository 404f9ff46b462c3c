/**
 * Calls of the model language, each carried out and written down: one record gives both the graph and the text of a model file, so
 * that they cannot differ. What shapes are is asked of the language, never computed a second time.
 */
import type { Shape } from "../../contract/type.ts";
import * as dsl from "../dsl/index.ts";
import { isTensor, type Tensor } from "../dsl/tensor.ts";
import { InternalError } from "../errors.ts";

/** What a model file calls. */
export type Callee = keyof typeof dsl;

/** The tensor that a statement of the record gives. */
export interface Ref {
  readonly statement: Statement;
  readonly tensor: Tensor;
}

/** Numbers of a parameter, made when it is certain that the model needs them. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: () => Float32Array;
}

/** `const name = callee(...args)`, or `const [a, b] = …`. */
export interface Statement {
  readonly callee: Callee;
  /** Tensors are references, sizes are themselves; `NAME` is the statement's own name. */
  readonly args: readonly unknown[];
  readonly results: Ref[];
  /** What its variable may be called, and otherwise. */
  readonly hint: string;
  readonly otherwise: string;
  /** Values of the layer's own parameters by role; "" is the parameter that the statement makes. */
  readonly weights: ReadonlyMap<string, Numbers>;
}

/** Stands for the name of the statement in its own arguments: `input(NAME, …)`. */
export const NAME: unique symbol = Symbol("name");

export const isRef = (value: unknown): value is Ref =>
  typeof value === "object" && value !== null && "statement" in value && "tensor" in value;

export interface CallOptions {
  readonly hint?: string;
  readonly otherwise?: string;
  readonly weights?: Readonly<Record<string, Numbers>>;
}

/** As a record: a namespace is not looked into by names that are computed. */
const language: Readonly<Record<Callee, unknown>> = { ...dsl };

export interface Recorder {
  readonly statements: readonly Statement[];
  /** Throws `UserError` where the language does. */
  call(callee: Callee, args: readonly unknown[], options?: CallOptions): Ref;
  /** A call that gives several tensors. */
  callMany(callee: Callee, args: readonly unknown[], options?: CallOptions): readonly Ref[];
}

export function recorder(): Recorder {
  const statements: Statement[] = [];
  const record = (
    callee: Callee,
    args: readonly unknown[],
    options: CallOptions,
  ): Statement & { value: unknown } => {
    const { hint = "", otherwise = callee, weights = {} } = options;
    const run = language[callee] as (...args: readonly unknown[]) => unknown; // the language checks what it is given
    const value = run(...args.map((arg) => resolved(arg, `p${statements.length}`)));
    return { callee, args, results: [], hint, otherwise, weights: new Map(Object.entries(weights)), value };
  };
  const keep = (made: Statement & { value: unknown }, tensors: readonly unknown[]): readonly Ref[] => {
    const { value: _, ...statement } = made;
    for (const tensor of tensors) {
      if (!isTensor(tensor)) throw new InternalError(`${made.callee} gave no tensor`);
      statement.results.push({ statement, tensor });
    }
    statements.push(statement);
    return statement.results;
  };
  return {
    statements,
    call(callee, args, options = {}) {
      const made = record(callee, args, options);
      const [ref] = keep(made, [made.value]);
      if (!ref) throw new InternalError(`${callee} gave no tensor`);
      return ref;
    },
    callMany(callee, args, options = {}) {
      const made = record(callee, args, options);
      return keep(made, Array.isArray(made.value) ? made.value : []);
    },
  };
}

/** An argument as the language takes it: tensors in place of references. */
function resolved(arg: unknown, name: string): unknown {
  if (arg === NAME) return name;
  if (isRef(arg)) return arg.tensor;
  if (Array.isArray(arg)) return arg.map((item) => resolved(item, name));
  if (typeof arg !== "object" || arg === null || !isPlain(arg)) return arg;
  return Object.fromEntries(Object.entries(arg).map(([key, value]) => [key, resolved(value, name)]));
}

/** A record of options. Sizes are frozen objects, which are what they are. */
export const isPlain = (value: object): boolean => !Object.isFrozen(value) && !ArrayBuffer.isView(value);

/** The references within arguments. */
export function refsIn(arg: unknown): readonly Ref[] {
  if (isRef(arg)) return [arg];
  if (Array.isArray(arg)) return arg.flatMap(refsIn);
  if (typeof arg !== "object" || arg === null || !isPlain(arg)) return [];
  return Object.values(arg).flatMap(refsIn);
}

export const shapeOf = (ref: Ref): Shape => ref.tensor.node.type.shape;

/** The statements that the results need, in their order. */
export function needed(statements: readonly Statement[], results: readonly Ref[]): readonly Statement[] {
  const alive = new Set(results.map((r) => r.statement));
  for (const statement of statements.toReversed()) {
    if (!alive.has(statement)) continue;
    for (const ref of statement.args.flatMap(refsIn)) alive.add(ref.statement);
  }
  return statements.filter((s) => alive.has(s));
}
