/**
 * A compilation is data, but for the ops that its nodes refer to: they are functions, which cannot be cloned. They are taken
 * out before a compilation leaves the worker, and put back in the page: Weft's own by name, others by position.
 */
import type { Graph, OpDef, OpNode } from "../../compiler/ir/graph.ts";
import { normSteps } from "../../compiler/ops/batchNorm.ts";
import { ops } from "../../compiler/ops/index.ts";
import { recurrentSteps } from "../../compiler/ops/recurrentSteps.ts";
import { customOps } from "./customOps.ts";

/** The name of one of Weft's ops, or the place of another in the list of the model's own. */
type OpRef = string | number;

export interface Packed<T> {
  readonly value: T;
  /** Nodes within `value` that lack their op, and what it is. */
  readonly nodes: readonly Partial<OpNode>[];
  readonly refs: readonly OpRef[];
}

/** Weft's ops, and those that simplification puts in their place. */
const weftOps: Readonly<Record<string, OpDef>> = { ...ops, ...normSteps, ...recurrentSteps };

const own: ReadonlyMap<OpDef, string> = new Map(
  Object.entries(weftOps).map(([name, op]): [OpDef, string] => [op, name]),
);

/** `graph` is the one that the model file built: its nodes lead to the user's ops. */
export function pack<T>(value: T, graph: Graph): Packed<T> {
  const users = customOps(graph);
  const copies = new Map<object, unknown>();
  const nodes: Partial<OpNode>[] = [];
  const refs: OpRef[] = [];
  const copy = (given: unknown): unknown => {
    if (typeof given !== "object" || given === null) return given;
    const known = copies.get(given);
    if (known !== undefined) return known;
    if (Array.isArray(given)) {
      const list: unknown[] = [];
      copies.set(given, list);
      for (const item of given) list.push(copy(item));
      return list;
    }
    if (given instanceof Map) {
      const map = new Map<unknown, unknown>();
      copies.set(given, map);
      for (const [key, item] of given) map.set(copy(key), copy(item));
      return map;
    }
    const record: Record<string, unknown> = {};
    copies.set(given, record);
    if (isOpNode(given)) {
      nodes.push(record);
      refs.push(own.get(given.op) ?? users.indexOf(given.op));
    }
    for (const [key, item] of Object.entries(given))
      if (typeof item !== "function" && !isOp(item)) record[key] = copy(item);
    return record;
  };
  // as: a copy of the same form, but for ops
  return { value: copy(value) as T, nodes, refs };
}

/** Puts the ops back, in place. `users` are those of the model itself. */
export function unpack<T>({ value, nodes, refs }: Packed<T>, users: readonly OpDef[]): T {
  nodes.forEach((node, i) => {
    const ref = refs[i] ?? -1;
    const op = typeof ref === "string" ? weftOps[ref] : users[ref];
    if (!op) throw new Error(`the page does not know the op ${ref}`);
    Object.assign(node, { op });
  });
  return value;
}

/** Whether a packed value needs ops of the model's own. */
export function needsUsersOps({ refs }: Packed<unknown>): boolean {
  return refs.some((ref) => typeof ref === "number");
}

function isOp(value: unknown): value is OpDef {
  return typeof value === "object" && value !== null && "define" in value && "infer" in value;
}

function isOpNode(value: object): value is OpNode {
  return "kind" in value && value.kind === "op" && "op" in value && isOp(value.op);
}
