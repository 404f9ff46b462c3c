/** `weft run --check-finite`: which layer is the first to give a value that is NaN or infinite. */
import { type CompileOptions, compile } from "../compiler/compile.ts";
import { UserError } from "../compiler/errors.ts";
import type { Graph, Node } from "../compiler/ir/graph.ts";
import type { Program } from "../contract/program.ts";
import type { CheckOptions, NonFinite } from "../runtime/index.ts";
import { packed } from "../runtime/quantised.ts";
import { checkFinite } from "../runtime/sized.ts";
import { partsOf } from "./execute.ts";
import type { Batch } from "./input/read.ts";

export interface FiniteOptions extends CheckOptions {
  readonly target?: CompileOptions["target"];
}

/**
 * Carries out the program kernel by kernel. Throws `UserError` with the layer and its place in the model where a value
 * is not finite. A kernel of several layers is compiled again with each of them stored, to tell which it was.
 */
export async function requireFinite(
  graph: Graph,
  program: Program,
  batches: readonly Batch[],
  { target, ...options }: FiniteOptions,
): Promise<void> {
  for (const { from, feeds } of partsOf(program, batches)) {
    const found = await checked(program, feeds, options);
    if (!found) continue;
    if (found.in === "input") throw inputError(found);
    const inside =
      found.layers.length > 1 ? await within(graph, found, feeds, { target, ...options }) : found;
    throw layerError(graph, inside, from);
  }
}

type Feeds = Parameters<typeof checkFinite>[1];

function checked(program: Program, feeds: Feeds, options: CheckOptions): Promise<NonFinite | undefined> {
  const [plain, ready] = packed(program, options);
  return checkFinite(plain, feeds, ready);
}

/** The same run with every layer of the kernel an output, so that none is hidden in another's kernel. */
async function within(
  graph: Graph,
  found: NonFinite,
  feeds: Feeds,
  { target, ...options }: FiniteOptions,
): Promise<NonFinite> {
  const taken = new Set(graph.outputs.map((o) => o.node));
  const layers = graph.nodes.filter((n) => found.layers.includes(n.origin.name) && !taken.has(n));
  const outputs = [...graph.outputs, ...layers.map((node) => ({ name: `\u0000${node.origin.name}`, node }))];
  const { program } = compile({ ...graph, outputs }, target === undefined ? {} : { target });
  const again = (await checked(program, feeds, options)) ?? found;
  // A kernel may store several layers: the buffer tells which it is.
  const which = program.outputs.findIndex((o) => o.buffer === again.buffer);
  const layer = outputs[which]?.node.origin.name;
  return layer === undefined ? again : { ...again, layers: [layer] };
}

function inputError({ name, count, value }: NonFinite): UserError {
  return new UserError({
    problem: `the input ${name} holds ${howMany(count, value)}`,
    rule: "what WGSL makes of NaN and infinity is left open, so nothing that follows means anything",
    fix: "clean the data, or scale it",
  });
}

function layerError(graph: Graph, { name, layers, count, value }: NonFinite, from: number): UserError {
  const last = layers.at(-1) ?? name;
  const node: Node | undefined = graph.nodes.find((n) => n.origin.name === last);
  const others = layers.slice(0, -1);
  const shared = others.length > 0 ? ` (in a kernel with ${others.join(", ")})` : "";
  const at = node?.origin.at;
  return new UserError({
    problem: `the first layer whose values are not finite${shared}: it gives ${howMany(count, value)}${from > 0 ? `, from example ${from} on` : ""}`,
    rule: "every input, every parameter and every layer before it is finite",
    fix: "look at the range of its operands; docs/numerics.md says for which an op is finite",
    layer: last,
    ...(at ? { at } : {}),
  });
}

function howMany(count: number, value: number): string {
  const shown = value > 0 ? "∞" : value < 0 ? "−∞" : "NaN";
  return `${count.toLocaleString("en-US")} value${count > 1 ? "s that are" : " that is"} NaN or infinite, first ${shown}`;
}
