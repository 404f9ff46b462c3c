/**
 * What a kernel is, apart from which axes and tensors it is about: a walk over its structure that numbers both in the
 * order in which they are met. Two kernels are one exactly if their walks are equal.
 */
import type { Atom, Axis, Bound, Expr, Index } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Kernel, Schedule } from "../ir/kernel.ts";
import { isBatch, keyOf } from "../ir/type.ts";

/** What is to be said of a tensor that a kernel reads or writes: all that its text depends on. */
export type Describe = (tensor: Node) => string;

/** Notes what is met, each axis, tensor and expression once; after that it is its number. */
class Walk {
  readonly #axes = new Map<Axis, number>();
  readonly #tensors = new Map<Node, number>();
  readonly #expressions = new Map<Expr, number>();
  readonly #describe: Describe;
  readonly lines: string[] = [];

  constructor(describe: Describe) {
    this.#describe = describe;
  }

  readonly axis = (axis: Axis): number => {
    const known = this.#axes.get(axis) ?? this.#axes.size;
    if (known === this.#axes.size) {
      this.#axes.set(axis, known);
      // The name is part of the text that is written, though not of what it means.
      this.lines.push(`axis ${keyOf(axis.extent)} ${axis.name}`);
    }
    return known;
  };

  readonly tensor = (node: Node): number => {
    const known = this.#tensors.get(node) ?? this.#tensors.size;
    if (known === this.#tensors.size) {
      this.#tensors.set(node, known);
      this.lines.push(`tensor ${node.type.dtype} [${node.type.shape.map(keyOf)}] ${this.#describe(node)}`);
    }
    return known;
  };

  readonly index = ({ constant, terms }: Index): string => {
    const parts = terms.map(({ coefficient, atom }) => `${coefficient}*${this.#atom(atom)}`);
    return [constant, ...parts].join("+");
  };

  #atom(atom: Atom): string {
    if (atom.kind === "axis") return `a${this.axis(atom)}`;
    if (atom.kind !== "lookup") return `(${this.index(atom.of)} ${atom.kind} ${atom.by})`;
    return `(lookup ${this.tensor(atom.from)} ${atom.index.map(this.index)} < ${keyOf(atom.extent)})`;
  }

  readonly #bound = ({ index, extent }: Bound): string => `${this.index(index)}<${keyOf(extent)}`;

  readonly expression = (e: Expr): number => {
    const known = this.#expressions.get(e);
    if (known !== undefined) return known;
    this.lines.push(this.#line(e)); // after those of its parts
    const number = this.#expressions.size;
    this.#expressions.set(e, number);
    return number;
  };

  #line(e: Expr): string {
    switch (e.kind) {
      case "const":
        return `const ${Object.is(e.value, -0) ? "-0" : e.value}`;
      case "size":
        return isBatch(e.of) ? "batch" : `size ${keyOf(e.of)}`;
      case "rate":
        return `rate ${e.slot}`;
      case "random":
        return `random ${e.salt} ${this.index(e.counter)}`;
      case "position":
        return `position ${this.index(e.index)}`;
      case "load":
        return `load ${this.tensor(e.from)} ${e.index.map(this.index)}`;
      case "acc":
        return `acc ${e.index.map(this.index)}`;
      case "call":
        return `${e.fn} ${e.args.map(this.expression)}`;
      case "guard": {
        const values = [this.expression(e.then), this.expression(e.otherwise)];
        return `guard ${e.bounds.map(this.#bound)} ${values}`;
      }
      case "reduce": {
        const axes = e.axes.map(this.axis);
        return `${e.op} over ${axes} ${this.expression(e.body)}`;
      }
    }
  }
}

/** All of a kernel: what it computes, from which tensors, and where it puts the result. */
export function kernelIdentity(kernel: Kernel, describe: Describe, schedule?: Schedule): string {
  const walk = new Walk(describe);
  const note = (what: string, numbers: readonly (number | string)[]): void => {
    walk.lines.push(`${what}: ${numbers}`);
  };
  note(kernel.kind, kernel.space.map(walk.axis));
  for (const { place } of kernel.results) note("place", place.map(walk.index));
  note("reads", kernel.reads.map(walk.tensor));
  for (const { root } of kernel.results) note("root", [walk.tensor(root)]);
  if (kernel.results.length > 1)
    note(
      "over",
      kernel.results.map((r) => (r.overwrites ? walk.tensor(r.overwrites) : "")),
    );
  for (const { value } of kernel.results) note("result", [walk.expression(value)]);
  if (kernel.kind === "contraction") {
    note("factors", [walk.expression(kernel.lhs), walk.expression(kernel.rhs)]);
    const { window, k, axes, batch, m, n } = kernel;
    for (const [name, list] of Object.entries({ window, k, axes, batch, m, n }))
      note(name, list.map(walk.axis));
  }
  if (schedule) note("schedule", [scheduleIdentity(schedule, walk.axis)]);
  return walk.lines.join("\n");
}

/** All of a schedule but how it was found; sizes of 1 say nothing. */
export function scheduleIdentity(schedule: Schedule, number: (axis: Axis) => number): string {
  const text = (value: unknown): string => {
    if (value instanceof Map) {
      const sizes = [...value].filter(([, size]) => size !== 1).map(([axis, size]) => [number(axis), size]);
      return `{${sizes.toSorted(([a = 0], [b = 0]) => a - b).join(" ")}}`;
    }
    if (Array.isArray(value)) return `[${value.map(text)}]`;
    if (isAxis(value)) return `a${number(value)}`;
    if (typeof value === "object" && value !== null)
      return `{${Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, part]) => `${name}:${text(part)}`)}}`;
    return String(value);
  };
  const { tuned: _, ...decided } = schedule;
  return text(decided);
}

function isAxis(value: unknown): value is Axis {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "axis";
}
