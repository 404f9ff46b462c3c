/** What functions take: tensors from outside, and the numbers that are not the same in all calls. */
import { isRef, type Ref } from "../recorder.ts";
import {
  type Bodies,
  type Body,
  type Found,
  isUse,
  type Leaf,
  type Line,
  leavesOf,
  resultsOf,
} from "./body.ts";

/** A parameter of a function: what it is in each call, and the option that it is first given to. */
export interface Param {
  readonly values: readonly Leaf[];
  readonly key: string;
}

export interface Code {
  /** Tensors first. */
  readonly params: readonly Param[];
  /** For each line its leaves, in their order. What is the same in all calls stands for itself; a tensor of the body's own is that of the first call. */
  readonly slots: readonly (readonly (Leaf | Param)[])[];
}

export const isParam = (slot: Leaf | Param): slot is Param => typeof slot === "object" && "values" in slot;

/** The code of each body. */
export function codesOf(bodies: Bodies): readonly Code[] {
  const codes: Code[] = [];
  // What is called stands behind what calls it.
  for (let at = bodies.length - 1; at >= 0; at--) {
    const body = bodies[at];
    if (body) codes[at] = at === 0 ? ofModule(body, codes) : ofFunction(body, bodies, codes);
  }
  return codes;
}

/** What a line is given, in its order. */
export function givenTo(line: Line, codes: readonly Code[]): readonly Found[] {
  if (!isUse(line)) return leavesOf(line);
  const { params = [] } = codes[line.body] ?? {};
  return params.flatMap(({ values, key }) => {
    const leaf = values[line.call];
    return leaf === undefined ? [] : [{ leaf, key }];
  });
}

const ofModule = ({ calls: [lines = []] }: Body, codes: readonly Code[]): Code => ({
  params: [],
  slots: lines.map((line) => givenTo(line, codes).map(({ leaf }) => leaf)),
});

function ofFunction({ calls }: Body, bodies: Bodies, codes: readonly Code[]): Code {
  const own = new Set<Ref>((calls[0] ?? []).flatMap((line) => resultsOf(line, bodies)));
  const numberOf = numbering();
  const made = new Map<string, Param>();
  const given = calls.map((lines) => lines.map((line) => givenTo(line, codes)));
  const slots = (given[0] ?? []).map((row, k) =>
    row.map(({ leaf, key }, i) => {
      if (isRef(leaf) && own.has(leaf)) return leaf;
      const values = given.map((rows) => rows[k]?.[i]?.leaf ?? leaf);
      const ids = values.map(numberOf);
      if (!isRef(leaf) && ids.every((id) => id === ids[0])) return leaf;
      const param = made.get(ids.join()) ?? { values, key };
      made.set(ids.join(), param);
      return param;
    }),
  );
  const isTensor = ({ values: [first] }: Param): boolean => isRef(first);
  const params = [...made.values()];
  return { params: [...params.filter(isTensor), ...params.filter((p) => !isTensor(p))], slots };
}

/** Equal values have equal numbers. */
function numbering(): (leaf: Leaf) => number {
  const numbers = new Map<unknown, number>();
  return (leaf) => {
    const key = Object.is(leaf, -0) ? "-0" : leaf;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  };
}
