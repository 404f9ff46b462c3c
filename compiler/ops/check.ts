/** Checks of options and operand shapes shared by the ops; each failure is a `UserError` with its rule and a fix. */
import { UserError } from "../errors.ts";
import { type Dim, showShape, type TensorType } from "../ir/type.ts";

export function fail(problem: string, rule?: string, fix?: string): never {
  throw new UserError({ problem, ...(rule ? { rule } : {}), ...(fix ? { fix } : {}) });
}

export function positiveInteger(op: string, option: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  return fail(`${op}: ${option} is ${show(value)}`, `${option} is a whole number of at least 1`);
}

export function naturalNumber(op: string, option: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  return fail(`${op}: ${option} is ${show(value)}`, `${option} is a whole number of at least 0`);
}

export function finiteNumber(op: string, option: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return fail(`${op}: ${option} is ${show(value)}`, `${option} is a finite number`);
}

/** A number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];

export function pair(
  op: string,
  option: string,
  value: unknown,
  check: (op: string, option: string, value: unknown) => number,
): readonly [number, number] {
  if (!Array.isArray(value)) {
    const both = check(op, option, value);
    return [both, both];
  }
  if (value.length !== 2)
    fail(`${op}: ${option} has ${value.length} entries`, `${option} is a number or [height, width]`);
  return [check(op, `${option}[0]`, value[0]), check(op, `${option}[1]`, value[1])];
}

export function show(value: unknown): string {
  if (typeof value === "number" || value === undefined || value === null) return String(value);
  if (typeof value === "function") return "a function";
  // Data are shown whole; a tensor says what it is.
  if (typeof value === "object" && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype)
    return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** Options must be an object with known names: a misspelt option is an error, not silence. */
export function record(
  op: string,
  options: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  const given = options === undefined ? {} : options;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return fail(
      `${op}: options are ${show(given)}`,
      `options are an object with ${known.join(", ") || "no entries"}`,
    );
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      const rule = known.length > 0 ? `${op} takes ${known.join(", ")}` : `${op} takes no options`;
      fail(`${op}: unknown option "${name}"`, rule, closest(name, known));
    }
  }
  return given as Readonly<Record<string, unknown>>; // checked above: a plain object
}

/** The attributes of an op that takes none. */
export type NoOptions = { readonly [key: string]: never };

export function noOptions(op: string): (options: unknown) => NoOptions {
  return (options) => {
    record(op, options, []);
    return {};
  };
}

function closest(name: string, known: readonly string[]): string | undefined {
  const best = known.find((k) => k.toLowerCase().startsWith(name.slice(0, 3).toLowerCase()));
  return best ? `${best}` : undefined;
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

export function flag(op: string, option: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? otherwise;
  return fail(`${op}: ${option} is ${JSON.stringify(value)}`, `${option} is true or false`);
}

/** Of an option that holds a tensor or nothing: tensors are taken out before the options are checked. */
export function tensorOnly(op: string, option: string, value: unknown): void {
  if (value !== undefined) fail(`${op}: ${option} is ${show(value)}`, `${option} is a tensor, or left out`);
}
