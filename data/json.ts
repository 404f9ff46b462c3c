/** Inputs as JSON: nested arrays of numbers, or an object with one such array per input name. */
import { UserError } from "../compiler/errors.ts";
import { ARRAYS } from "../contract/tensor.ts";
import type { DType } from "../contract/type.ts";
import { holds, misfit, type NumberArray } from "./array.ts";

/** More levels than any input has. */
const DEEPEST = 16;

/** The shape that the first element of every level suggests. @throws UserError where it has too many levels */
function shapeOf(value: unknown, source: string): readonly number[] {
  const shape: number[] = [];
  for (let v = value; Array.isArray(v); v = v[0])
    if (shape.push(v.length) > DEEPEST)
      throw new UserError({
        problem: `${source} holds arrays in more than ${DEEPEST} levels`,
        rule: "an input is nested arrays of numbers, a level for each dimension",
      });
  return shape;
}

/** What stands where a number should, in a few words. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(typeof value === "string" ? value.slice(0, 40) : value);
}

/** Where numbers are put, and of what kind they have to be. */
interface Filled {
  readonly source: string;
  readonly dtype: DType;
  readonly into: number[];
}

function fill(value: unknown, shape: readonly number[], path: string, filled: Filled): void {
  const { source, dtype, into } = filled;
  const [length, ...rest] = shape;
  if (length === undefined) {
    if (typeof value !== "number")
      throw new UserError({
        problem: `${source}: ${path} is ${kindOf(value)}, not a number`,
        rule: "an input is nested arrays of numbers, every row of a level equally long",
      });
    // JSON writes neither NaN nor infinity: what is infinite was too large for JavaScript's numbers already.
    if (!Number.isFinite(value) || !holds(dtype, value))
      throw misfit(dtype, Number.isFinite(value) ? value : "a number beyond 1e308", path, source);
    into.push(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== length)
    throw new UserError({
      problem: `${source}: ${path} ${Array.isArray(value) ? `has length ${value.length}` : "is not an array"}, but its siblings have length ${length}`,
      rule: "an input is nested arrays of numbers, every row of a level equally long",
    });
  value.forEach((item, i) => {
    fill(item, rest, `${path}[${i}]`, filled);
  });
}

/**
 * @param input the model input the array is for; picked from an object by this name
 * @param dtype the type of that input
 * @throws UserError where the text is not JSON or not a rectangular array of numbers of that type
 */
export function parseJson(text: string, input: string, source: string, dtype: DType = "f32"): NumberArray {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      problem: `${source} is not JSON: ${error instanceof Error ? error.message : error}`,
      fix: "write nested arrays of numbers, such as [[0, 1], [2, 3]]",
    });
  }
  let path = "the array";
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entry = Object.entries(value).find(([name]) => name === input);
    const keys = Object.keys(value);
    if (entry === undefined)
      throw new UserError({
        problem: `${source} has no key ${JSON.stringify(input)}; its keys are ${JSON.stringify(keys.slice(0, 6))}${keys.length > 6 ? " and more" : ""}`,
        rule: "an object names the model's inputs",
        fix: `write {"${input}": [...]} or the array alone`,
      });
    value = entry[1];
    path = input;
  }
  const shape = shapeOf(value, source);
  const into: number[] = [];
  fill(value, shape, path, { source, dtype, into });
  return { shape, data: ARRAYS[dtype].from(into) };
}
