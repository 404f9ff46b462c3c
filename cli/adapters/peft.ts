/**
 * Adapters as PEFT keeps them (https://huggingface.co/docs/peft/developer_guides/checkpoint): a folder with
 * adapter_config.json and adapter_model.safetensors, whose tensors are called base_model.model.LAYER.lora_A.weight.
 */
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type LoraOptions, lora } from "../../compiler/train/index.ts";
import type { Weights } from "../../contract/weights.ts";

export const CONFIG = "adapter_config.json";
export const MODEL = "adapter_model.safetensors";
const PREFIX = "base_model.model.";

/** `fc1` for the weight `fc1.weight`, as PyTorch calls the layer. */
const layerOf = (weight: string): string => weight.replace(/\.weight$/, "");

/** What adapters are made of, and what their tensors are called here for what they are called there. */
export interface FromPeft {
  readonly how: LoraOptions;
  /** A tensor that belongs to no adapter takes the place of the model's own of that name. */
  readonly names: ReadonlyMap<string, string>;
}

/** What is not read, and the value that says there is none of it. */
const WITHOUT: readonly (readonly [key: string, none: unknown, what: string])[] = [
  ["use_dora", false, "DoRA's magnitudes"],
  ["bias", "none", "biases of layers with adapters"],
  ["use_qalora", false, "QALoRA"],
  ["layers_to_transform", null, "a choice of layers by number"],
];

/**
 * @param shapes of the tensors of adapter_model.safetensors
 * @throws UserError where it is no LoRA, or one of a kind that Weft has not
 */
export function fromPeft(
  config: unknown,
  shapes: Readonly<Record<string, readonly number[]>>,
  graph: Graph,
  shown: string,
): FromPeft {
  const value = (key: string): unknown => Object(config)[key];
  const fail = (problem: string, rule: string): never => {
    throw new UserError({ problem: `${shown}: ${problem}`, rule });
  };
  if (value("peft_type") !== "LORA")
    fail(
      `peft_type is ${JSON.stringify(value("peft_type"))}`,
      'the adapters that Weft has are those of "LORA"',
    );
  const [rank, given] = [value("r"), value("lora_alpha") ?? value("r")];
  if (!(typeof rank === "number" && typeof given === "number"))
    return fail(`r is ${JSON.stringify(rank)} and lora_alpha ${JSON.stringify(given)}`, "both are numbers");
  for (const [key, none, what] of WITHOUT)
    if ((value(key) ?? none) !== none)
      fail(`${key} is ${JSON.stringify(value(key))}`, `${what}: Weft's adapters have none`);
  // rsLoRA counts α/√r (Kalajdzievski 2023).
  const alpha = value("use_rslora") === true ? given * Math.sqrt(rank) : given;
  const params = new Set(graph.nodes.flatMap((n) => (n.kind === "param" ? [n.origin.name] : [])));
  const weightOf = (layer: string): string | undefined =>
    [`${layer}.weight`, layer].find((name) => params.has(name));
  const names = new Map<string, string>();
  const layers = new Set<string>();
  const of = new Map<string, readonly [weight: string, factor: "a" | "b"]>();
  for (const [name, shape] of Object.entries(shapes)) {
    const own = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
    const [, layer, factor] = /^(.+)\.lora_(A|B)(?:\.default)?\.weight$/.exec(own) ?? [];
    if (layer === undefined) {
      if (!params.has(own))
        fail(
          `${name} belongs to no adapter`,
          `${graph.name} has no tensor ${own} that it could take the place of`,
        );
      names.set(name, own);
      continue;
    }
    const weight = weightOf(layer);
    if (weight === undefined)
      return fail(
        `${name} is of a layer ${layer}, which ${graph.name} has not`,
        `its layers are ${[...params]
          .filter((n) => n.endsWith(".weight"))
          .slice(0, 12)
          .map(layerOf)
          .join(", ")}`,
      );
    if (factor === "A" && shape[0] !== rank)
      fail(
        `${name} has ${shape[0]} rows, but r is ${rank}`,
        "all adapters of a model have one rank (no rank_pattern)",
      );
    layers.add(weight);
    of.set(name, [weight, factor === "A" ? "a" : "b"]);
  }
  if (Object.keys(Object(value("alpha_pattern"))).length > 0)
    fail("alpha_pattern is set", "all adapters of a model count the same");
  const how = { rank, alpha, layers: [...layers] };
  const { adapted } = lora(graph, how);
  for (const [name, [weight, factor]] of of) {
    const found = adapted.find((each) => each.weight === weight);
    if (found && found.groups > 1)
      fail(
        `${name} is of a convolution with groups: ${found.groups}`,
        "PEFT's A reads all channels there, and Weft's those of its group",
      );
    if (found) names.set(name, found[factor]);
  }
  return { how, names };
}

/** The two files. Throws `UserError` for what PEFT has no form for. */
export function toPeft(
  graph: Graph,
  how: LoraOptions,
  weights: Weights,
): { readonly config: string; readonly tensors: Weights } {
  const { adapted } = lora(graph, how);
  const grouped = adapted.find(({ groups }) => groups > 1);
  if (grouped)
    throw new UserError({
      problem: `${grouped.weight} is of a convolution with groups (${grouped.groups}), which has other adapters in PEFT`,
      rule: "PEFT's A reads all channels there, and Weft's those of its group",
      fix: "--out NAME.safetensors, Weft's own file of adapters, or --lora-on with other layers",
    });
  const named = new Map(
    adapted.flatMap(({ weight, a, b }): [string, string][] => [
      [a, `${layerOf(weight)}.lora_A.weight`],
      [b, `${layerOf(weight)}.lora_B.weight`],
    ]),
  );
  const config = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: graph.name,
    r: how.rank,
    lora_alpha: how.alpha ?? how.rank,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    modules_to_save: null,
    target_modules: adapted.map(({ weight }) => layerOf(weight)),
  };
  const tensors = Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => [`${PREFIX}${named.get(name) ?? name}`, tensor]),
  );
  return { config: `${JSON.stringify(config, null, 2)}\n`, tensors };
}
