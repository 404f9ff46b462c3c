/** Puts numbers in for sizes with a bound throughout a graph. */
import { plural, UserError } from "../errors.ts";
import { type Attrs, type Graph, mapGraph } from "../ir/graph.ts";
import { isSize, sizesIn } from "../ir/type.ts";
import { closest } from "../options.ts";

/**
 * The model where sizes that `dim` made are these numbers, and others what they were. Throws `UserError` for a name that none has, and
 * for a number that is no whole one from 1 to the size's bound; and as ops do whose operands then do not fit.
 */
export function bindSizes(graph: Graph, values: Readonly<Record<string, number>>): Graph {
  const sizes = sizesIn(graph.inputs.map((i) => i.node.type.shape));
  for (const [name, value] of Object.entries(values)) {
    const size = sizes.find((s) => s.name === name);
    if (!size)
      throw unknown(
        graph.name,
        name,
        sizes.map((s) => s.name),
      );
    if (Number.isSafeInteger(value) && value >= 1 && value <= size.max) continue;
    throw new UserError({
      problem: `${name} of ${graph.name} is to be ${value}`,
      rule: `it is a whole number from 1 to ${size.max}, its bound`,
      fix: `${name}=${size.max}, or dim("${name}", { max: … }) with a larger bound in the model`,
    });
  }
  const bound = (value: unknown): unknown => {
    if (isSize(value)) return values[value.name] ?? value;
    return Array.isArray(value) ? value.map(bound) : value;
  };
  return mapGraph(graph, (node) => {
    const shape = bound(node.type.shape) as typeof node.type.shape; // a size became a number
    if (node.kind !== "op") return { ...node, type: { ...node.type, shape } };
    const attrs = Object.fromEntries(Object.entries(node.attrs).map(([k, v]) => [k, bound(v)])) as Attrs; // as above
    const types = node.inputs.map((i) => i.type);
    return { ...node, attrs, type: node.op.infer(attrs, types) };
  });
}

function unknown(model: string, name: string, known: readonly string[]): UserError {
  if (known.length === 0)
    return new UserError({
      problem: `${name} is no size of ${model}`,
      rule: "its sizes are numbers, and N, which each run decides",
      fix: "leave it out",
    });
  return new UserError({
    problem: `${name} is no size of ${model}`,
    rule: `its ${plural(known.length, "size is", "sizes are")} ${known.join(", ")}`,
    fix: closest(name, known) ?? known[0] ?? "leave it out",
  });
}
