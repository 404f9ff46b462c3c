/** Checks of operand shapes shared by the ops; each failure is a `UserError` with its rule and a fix. */
import { showShape } from "../../contract/shapes.ts";
import type { Dim, TensorType } from "../../contract/type.ts";
import { UserError } from "../errors.ts";
import { type Kind, kindOf, show, takes } from "../options.ts";

export function fail(problem: string, rule?: string, fix?: string): never {
  throw new UserError({ problem, ...(rule ? { rule } : {}), ...(fix ? { fix } : {}) });
}

/** An option that holds a tensor or nothing: tensors are taken out before the options are checked. */
export const tensorOnly: Kind<undefined> = kindOf(
  "a tensor, or left out",
  'param("…", […])',
  (value) => value === undefined,
);

/** The attributes of an op that takes none. */
export type NoOptions = { readonly [key: string]: never };

export function noOptions(op: string): (options: unknown) => NoOptions {
  return takes(op, {});
}

export function rank(op: string, x: TensorType, expected: number, form: string): void {
  if (x.shape.length === expected) return;
  fail(
    `${op} needs a ${expected}-dimensional tensor ${form}, but its input is ${showShape(x.shape)}`,
    `rank ${expected} expected, got rank ${x.shape.length}`,
  );
}

/** A dimension that must be known at compile time. */
export function fixed(op: string, dim: Dim | undefined, what: string): number {
  if (typeof dim === "number") return dim;
  if (typeof dim === "object") {
    return fail(
      `${op}: ${what} is ${dim.name}, which a run decides`,
      `${what} is a number, as ${op} computes other sizes with it`,
      `a number, such as ${dim.max}, in place of ${dim.name}`,
    );
  }
  return fail(
    `${op}: ${what} is the batch N`,
    "only the outermost dimension may be N, and ops cannot mix examples there",
  );
}

/** Resolves a possibly negative axis. */
export function axisOf(op: string, axis: unknown, rank: number, option = "axis"): number {
  if (typeof axis === "number" && Number.isInteger(axis) && axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  return fail(
    `${op}: ${option} is ${show(axis)}`,
    `${option} lies in −${rank} … ${rank - 1} for a tensor of rank ${rank}`,
  );
}
