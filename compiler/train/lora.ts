/**
 * Low-rank adapters (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): beside a layer's weight W, which
 * stays as it is, a product of two small ones is trained, and W + α/r · B·A is what the layer has learnt. Of a convolution A is one with
 * r channels and B one of 1×1, as PEFT has it.
 */
import type { Tensor } from "../../contract/tensor.ts";
import type { Weights } from "../../contract/weights.ts";
import { must, plural, UserError } from "../errors.ts";
import {
  type Attrs,
  consumers,
  type Graph,
  isTrained,
  mapGraph,
  type Node,
  type OpDef,
  type OpNode,
} from "../ir/graph.ts";
import { constantNode, opNode, suffixed } from "../ops/derived.ts";
import { ops } from "../ops/index.ts";
import { type Kind, listOf, numberThat, objectOf, optional, positive, takes, text } from "../options.ts";
import { checkGraph } from "../passes/options.ts";
import { matching } from "./freeze.ts";
import { FreeNames } from "./names.ts";

/** How adapters are made. */
export interface LoraOptions {
  /** r: the rows of A and the columns of B. */
  readonly rank: number;
  /** α: what is learnt counts α/r. Default r. */
  readonly alpha?: number;
  /**
   * Which layers have adapters: names of layers (`fc1`), scopes (`stage4`) or weights, with `*` for any text. Default: every linear
   * layer and convolution; of those with groups, the ones whose groups divide the rank.
   */
  readonly layers?: readonly string[];
}

/** A weight with its two factors, by their names. */
export interface AdaptedWeight {
  readonly weight: string;
  /** r rows, as long as the weight's. */
  readonly a: string;
  /** Of each output r numbers, or those of its group. */
  readonly b: string;
  /** Of a convolution; else 1. */
  readonly groups: number;
}

/** A model with adapters, and what becomes of its weights. */
export interface Lora {
  /** Which of its weights have adapters. */
  readonly adapted: readonly AdaptedWeight[];
  /** The model with adapters beside its layers: they alone are trained. Where B is zero, as it begins, it gives what the model gives. */
  readonly graph: Graph;
  /** Of its weights what training has changed: the adapters, and statistics of batch normalisation. */
  adapters(weights: Weights): Weights;
  /** The model's own weights with what the adapters have learnt in them. Throws `UserError` where a tensor is missing. */
  merged(weights: Weights): Weights;
}

const fields = {
  rank: positive,
  alpha: optional(numberThat("a number above 0", 8, (alpha) => alpha > 0 && Number.isFinite(alpha))),
  layers: optional(listOf(text)),
};
const read = takes("lora", fields);

/** As an option of another function. */
export const loras = objectOf(fields) as Kind<LoraOptions>; // what is left out is absent

type Param = Extract<Node, { kind: "param" }>;

/** A weight with its two factors. */
interface Adapter {
  readonly weight: Param;
  readonly a: Node;
  readonly b: Node;
  readonly groups: number;
}

const convolutions: ReadonlySet<OpDef> = new Set<OpDef>([ops.conv1d, ops.conv2d, ops.conv3d]);

/** In how many groups a layer has this tensor as its weight; undefined where it takes none that adapters fit, or reads it otherwise. */
function groupsWith(weight: Node, { op, attrs, inputs }: OpNode): number | undefined {
  if (inputs.indexOf(weight) !== 1 || inputs.lastIndexOf(weight) !== 1) return undefined;
  if (op === ops.linear) return 1;
  return convolutions.has(op) ? Number(attrs["groups"]) : undefined;
}

/**
 * Throws `UserError` for a name that is of no such layer, for a rank that a convolution's groups do not divide, and where no layer
 * takes adapters. A weight that several layers share has one pair; one that is read in another way too has none.
 */
export function lora(model: Graph, options: LoraOptions): Lora {
  checkGraph("lora", model);
  const { rank, alpha = rank, layers } = read(options);
  const adapters = adaptersOf(model, rank, layers);
  const byWeight = new Map<Node, Adapter>(adapters.map((adapter) => [adapter.weight, adapter]));
  const scale = alpha / rank;
  const graph = mapGraph(model, (node, original) => {
    const adapter =
      original.kind === "op" ? byWeight.get(must(original.inputs[1] ?? original, "operand")) : undefined;
    return adapter && node.kind === "op" ? withAdapter(node, adapter, scale) : node;
  });
  const changed = graph.nodes.flatMap((n) =>
    n.kind === "param" && (n.use === "adapter" || n.use === "statistic") ? [n.origin.name] : [],
  );
  return {
    adapted: adapters.map(({ weight, a, b, groups }) => ({
      ...{ weight: weight.origin.name, groups },
      ...{ a: must(a.origin.name, "name"), b: must(b.origin.name, "name") },
    })),
    graph,
    adapters: (weights) => Object.fromEntries(changed.map((name) => [name, tensorOf(weights, name, model)])),
    merged: (weights) =>
      Object.fromEntries(
        model.nodes.flatMap((node) => {
          if (node.kind !== "param" || node.init.values) return [];
          const { name } = node.origin;
          const own = tensorOf(weights, name, model);
          const adapter = byWeight.get(node);
          if (!adapter) return [[name, own]];
          const [a, b] = [adapter.a, adapter.b].map((n) => tensorOf(weights, n.origin.name, model)) as [
            Tensor,
            Tensor,
          ];
          return [[name, { shape: own.shape, data: sum(own, a, b, scale, adapter.groups) }]];
        }),
      ),
  };
}

function tensorOf(weights: Weights, name: string, { name: of }: Graph): Tensor {
  const tensor = Object.hasOwn(weights, name) ? weights[name] : undefined;
  if (tensor) return tensor;
  throw new UserError({
    problem: `the weights of ${of} with adapters hold no ${name}`,
    rule: "they are those of the model and those of its adapters, together",
    fix: "lora(…) with the rank and the layers that the adapters were trained with",
  });
}

function adaptersOf(model: Graph, rank: number, layers: readonly string[] | undefined): readonly Adapter[] {
  const users = consumers(model.nodes);
  const fit = model.nodes.flatMap((weight) => {
    if (weight.kind !== "param" || !isTrained(weight)) return [];
    const [groups, ...others] = (users.get(weight) ?? []).map((layer) => groupsWith(weight, layer));
    return groups !== undefined && others.every((g) => g === groups) ? [{ weight, groups }] : [];
  });
  const names = fit.map(({ weight }) => weight.origin.name);
  const named = layers && matching(layers, names, (name) => unknown(name, names, model.name));
  const free = new FreeNames(model);
  const made = fit.flatMap(({ weight, groups }) => {
    const even = rank % groups === 0;
    if (named ? !named(weight.origin.name) : !even) return [];
    if (!even) throw uneven(weight.origin.name, rank, groups);
    return [adapterOf(weight, rank, groups, free)];
  });
  if (made.length > 0) return made;
  throw new UserError({
    problem: `${model.name} has no layer that takes adapters of rank ${rank}`,
    rule: "linear layers and convolutions do whose weight is a parameter that nothing else reads, and whose groups divide the rank",
    ...(fit.length > 0 ? { fix: "a larger rank, or other layers" } : {}),
  });
}

const uneven = (name: string, rank: number, groups: number): UserError =>
  new UserError({
    problem: `${name} is of a convolution in ${groups} ${plural(groups, "group")}, which adapters of rank ${rank} do not fit`,
    rule: `each group has as many rows of A, but ${rank} mod ${groups} = ${rank % groups}`,
    fix: `a rank of ${groups * Math.ceil(rank / groups)}, or leave this layer out`,
  });

function unknown(pattern: string, names: readonly string[], model: string): UserError {
  return new UserError({
    problem: `"${pattern}" is to have adapters, but no linear layer or convolution of ${model} is called so`,
    rule: `a name is a weight's, a layer's or a scope's, with * for any text; there are ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
    fix: names[0] ?? "a model with linear layers or convolutions",
  });
}

/** A begins as PEFT has it, evenly in ±1/√(inputs of a row), and B with zeros. */
function adapterOf(weight: Param, rank: number, groups: number, names: FreeNames): Adapter {
  const [out = 1, ...inner] = weight.type.shape.map(Number);
  const factor = (name: string, shape: readonly number[], init: Param["init"]): Param => ({
    kind: "param",
    type: { dtype: "f32", shape },
    origin: { ...weight.origin, name: names.take(`${weight.origin.name}.${name}`) },
    init,
    use: "adapter",
  });
  const bound = 1 / Math.sqrt(inner.reduce((a, b) => a * b, 1));
  const a = factor("lora_A", [rank, ...inner], { kind: "uniform", low: -bound, high: bound });
  const b = factor("lora_B", [out, rank / groups, ...inner.slice(1).map(() => 1)], { kind: "zeros" });
  return { weight, a, b, groups };
}

/** layer(x) + B(α/r · A(x)), under the layer's name. */
function withAdapter(layer: OpNode, { a, b, groups }: Adapter, scale: number): Node {
  const { op, attrs, origin } = layer;
  const named = (name: string) => suffixed(origin, name);
  /** The same op with other options, which has no bias. */
  const like = (name: string, attrs: Attrs, inputs: readonly Node[]): OpNode => {
    const types = inputs.map((i) => i.type);
    return { ...layer, attrs, inputs, type: op.infer(attrs, types), origin: named(name) };
  };
  const x = must(layer.inputs[0], "operand");
  const down = like("lora_A", { ...attrs, out: Number(a.type.shape[0]), bias: false }, [x, a]);
  const scaled = opNode(ops.mul, {}, [down, constantNode(scale, named("scale"))], named("lora_A.scaled"));
  const single = convolutions.has(op) ? { kernel: 1, groups } : {};
  const up = like("lora_B", op.options({ out: attrs["out"], bias: false, ...single }), [scaled, b]);
  return opNode(ops.add, {}, [{ ...layer, origin: named("own") }, up], origin);
}

/** W + α/r · B·A, summed in float64. Row o of W belongs to group ⌊o / (rows of a group)⌋, whose rows of A it is made of. */
function sum(own: Tensor, a: Tensor, b: Tensor, scale: number, groups: number): Float32Array {
  const [out = 1, perGroup = 1] = b.shape;
  const width = own.data.length / out;
  return new Float32Array(own.data).map((w, i) => {
    const [o, j] = [Math.floor(i / width), i % width];
    const first = Math.floor(o / (out / groups)) * perGroup;
    let product = 0;
    for (let q = 0; q < perGroup; q++)
      product += Number(b.data[o * perGroup + q]) * Number(a.data[(first + q) * width + j]);
    return w + scale * product;
  });
}
