/** When an output is scores over classes, and what the classes are called. The command and Studio both ask here. */
import { plural, UserError } from "../compiler/errors.ts";
import {
  type Classes,
  countOf,
  type Graph,
  isClasses,
  type Node,
  outputsOf,
  rowOf,
} from "../compiler/ir/graph.ts";
import { ops } from "../compiler/ops/index.ts";

/** What the numbers of an output [N, classes] are. */
export interface Scores {
  readonly count: number;
  /** The classes' names in order; undefined where nobody names them. */
  readonly names: readonly string[] | undefined;
  /** They are shares already: softmax or sigmoid made them. */
  readonly shares: boolean;
}

/** What is known besides the model. */
export interface Known {
  /** Given by `--classes`. */
  readonly names?: readonly string[] | undefined;
  /** Whether `--labels` says which classes are right. */
  readonly labelled?: boolean;
  /** Of the weights' file: `classes` is a number or a list of names, as JSON. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Is told why `metadata` is passed over: it says what cannot be. */
  readonly ignored?: (why: string) => void;
}

/** Ends the sentence "… is shown as numbers: ". */
export const RULE =
  "an output [N, k] is scores over k classes if softmax or logSoftmax makes it, if the model says so, or if the classes are named";

/**
 * The outputs that are scores, in their order. Labels are of the first of them, which they make one where there is none.
 * Throws `UserError` where `--classes` or `--labels` fit no output.
 */
export function scoresOf(graph: Graph, known: Known = {}): ReadonlyMap<string, Scores> {
  const rows = graph.outputs.flatMap(({ name, node }) => {
    const count = rowOf(node);
    return isClasses(count) ? [{ name, node, count: Number(count) }] : [];
  });
  const sizes = rows.map((row) => row.count);
  const told = named(graph, sizes, known);
  const lists = [told, graph.classes];
  const scored = rows.filter(
    ({ node, count }) =>
      isOp(node, ops.softmax, ops.logSoftmax) ||
      lists.some((list) => list !== undefined && countOf(list) === count),
  );
  if (known.labelled && rows.length === 0)
    throw new UserError({
      problem: `--labels are the right classes, but ${outputsOf(graph)}`,
      rule: "labels go with an output [N, classes], a score for each of 2 or more classes",
      fix: "leave out --labels",
    });
  const found = known.labelled && scored.length === 0 ? rows.slice(0, 1) : scored;
  return new Map(
    found.map(({ name, node, count }) => {
      const names = lists.find((list) => typeof list === "object" && list.length === count);
      const shares = isOp(node, ops.softmax, ops.sigmoid);
      return [name, { count, names: typeof names === "object" ? names : undefined, shares }];
    }),
  );
}

const isOp = (node: Node, ...some: readonly unknown[]): boolean =>
  node.kind === "op" && some.includes(node.op);

/** The classes that others than the model tell of. */
function named(graph: Graph, sizes: readonly number[], known: Known): Classes | undefined {
  const { classes } = graph;
  const said = classes === undefined ? sizes : [countOf(classes)];
  const but = `but ${classes === undefined ? outputsOf(graph) : `${graph.name} has ${said} ${plural(Number(said), "class", "classes")}`}`;
  if (known.names) {
    if (said.includes(known.names.length)) return known.names;
    throw new UserError({
      problem: `--classes has ${known.names.length} ${plural(known.names.length, "name")}, ${but}`,
      rule: "a name for every class, in the order of their scores: an output [N, classes]",
      fix:
        said.length > 0
          ? `${[...new Set(said)].join(" or ")} ${plural(said.at(-1) ?? 0, "name")}`
          : "leave out --classes",
    });
  }
  const text = known.metadata?.["classes"];
  if (text === undefined) return undefined;
  const entry = parsed(text);
  const why =
    entry === undefined
      ? "they are neither a number of 2 or more nor a list of names, as JSON"
      : said.includes(countOf(entry))
        ? undefined
        : `they are ${countOf(entry)}, ${but}`;
  if (why === undefined) return entry;
  known.ignored?.(why);
  return undefined;
}

function parsed(text: string): Classes | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isClasses(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The names of the classes that trained weights say they tell apart. */
export function namesIn(metadata: Known["metadata"]): readonly string[] | undefined {
  const entry = parsed(metadata?.["classes"] ?? "");
  return typeof entry === "object" ? entry : undefined;
}

/** What trained weights say of their classes, as metadata: the names where every score has one, else how many. */
export function classesEntry(names: readonly string[], count: number): Readonly<Record<string, string>> {
  const entry = names.length === count && isClasses(names) ? names : count;
  return isClasses(entry) ? { classes: JSON.stringify(entry) } : {};
}

/**
 * From an example's scores to shares from 0 to 1: exp(x − max) / Σ exp(x − max), which cannot overflow and turns
 * logarithms of shares back. Numbers that are a distribution are shares as they are, whatever ops made them.
 */
export function sharesOf(row: ArrayLike<number>, { shares }: Pick<Scores, "shares">): readonly number[] {
  const list = Array.from(row);
  const total = list.reduce((a, b) => a + b, 0);
  if (shares || (Math.abs(total - 1) < 1e-3 && list.every((x) => x >= 0))) return list;
  const peak = list.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = list.map((x) => Math.exp(x - peak));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
