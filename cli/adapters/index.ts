/** Files of adapters, Weft's own and PEFT's: what `weft train --lora` leaves, and how a model's weights become those with them. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type LoraOptions, lora } from "../../compiler/train/index.ts";
import { readStored, type Stored, tensorsFor } from "../../contract/stored.ts";
import { checkWeights, type Weights, writeSafetensors } from "../../contract/weights.ts";
import { readMetadata } from "../../runtime/train.ts";
import { readBytes, shownPath } from "../files.ts";
import { saying } from "../weights.ts";
import { CONFIG, fromPeft, MODEL, toPeft } from "./peft.ts";

/** What a file's metadata call how its adapters are made. */
const KEY = "lora";

/** Files by their paths. */
export type Files = readonly (readonly [path: string, content: string | Uint8Array])[];

/** Where a training's results go: its weights; or adapters, in one file of Weft's, or in a folder as PEFT has it. */
export function filesOf(
  graph: Graph,
  how: LoraOptions | undefined,
  out: string,
  metadata: Readonly<Record<string, string>>,
): (weights: Weights) => Files {
  if (!how) return (weights) => [[out, writeSafetensors(weights, metadata)]];
  const { adapters } = lora(graph, how);
  if (!isFolder(out)) {
    const told = { ...metadata, [KEY]: JSON.stringify(how) };
    return (weights) => [[out, writeSafetensors(adapters(weights), told)]];
  }
  toPeft(graph, how, {}); // what it cannot be is said now
  return (weights) => {
    const { config, tensors } = toPeft(graph, how, adapters(weights));
    return [
      [join(out, MODEL), writeSafetensors(tensors, { ...metadata, format: "pt" })],
      [join(out, CONFIG), config],
    ];
  };
}

/** Adapters go into a folder where no file is named. */
const isFolder = (out: string): boolean => !/\.safetensors$/.test(out);

/** The paths that a training with adapters writes to. */
export const pathsOf = (how: LoraOptions | undefined, out: string): readonly string[] =>
  how && isFolder(out) ? [join(out, MODEL), join(out, CONFIG)] : [out];

/** Adapters, and what they are beside. */
export interface Adapters {
  readonly how: LoraOptions;
  /** The adapters' tensors; and what takes the place of the model's own. */
  readonly tensors: Weights;
  /** What the file says besides its numbers. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads a file of Weft's, or a folder of PEFT's, its config or its tensors. Throws `UserError` where it is none, or not this model's. */
export async function readAdapters(path: string, graph: Graph): Promise<Adapters> {
  const folder = (await stat(path).catch(() => undefined))?.isDirectory();
  const file = folder ? join(path, MODEL) : basename(path) === CONFIG ? join(dirname(path), MODEL) : path;
  const bytes = await readBytes(file, "the adapters");
  const shown = shownPath(file);
  const fix = "give the adapters that weft train --lora, or PEFT, made of this model";
  const inFile = saying(
    shown,
    graph.name,
    () => ({ stored: readStored(bytes), metadata: readMetadata(bytes) }),
    fix,
  );
  const { metadata } = inFile;
  const told = metadata[KEY];
  const { stored, how, all } =
    told === undefined
      ? await peftAt(file, inFile.stored, graph)
      : { stored: inFile.stored, how: madeAs(told, shown), all: true };
  return saying(
    shown,
    graph.name,
    () => {
      const { graph: adapted } = lora(graph, how);
      const params = adapted.nodes.flatMap((node) => {
        if (node.kind !== "param") return [];
        const { name } = node.origin;
        const wanted =
          node.use === "adapter" || (all && node.use === "statistic") || Object.hasOwn(stored, name);
        const { dtype, shape } = node.type;
        return wanted ? [{ name, dtype, shape: shape.map(Number) }] : [];
      });
      const tensors = tensorsFor(stored, { params });
      checkWeights(params, tensors);
      return { how, tensors, metadata };
    },
    fix,
  );
}

/** PEFT's, under Weft's names. */
async function peftAt(
  file: string,
  stored: Readonly<Record<string, Stored>>,
  graph: Graph,
): Promise<{
  readonly stored: Readonly<Record<string, Stored>>;
  readonly how: LoraOptions;
  readonly all: boolean;
}> {
  const path = join(dirname(file), CONFIG);
  const there = await stat(path).catch(() => undefined);
  if (!there) throw noAdapters(shownPath(file));
  const shown = shownPath(path);
  const config = parsed(new TextDecoder().decode(await readBytes(path, "the adapters' config")), shown);
  const shapes = Object.fromEntries(Object.entries(stored).map(([name, { shape }]) => [name, shape]));
  const { how, names } = fromPeft(config, shapes, graph, shown);
  const renamed = Object.entries(stored).map(([name, tensor]) => [names.get(name) ?? name, tensor]);
  return { stored: Object.fromEntries(renamed), how, all: false };
}

function parsed(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError({ problem: `${shown} is no JSON: ${(error as Error).message}` });
  }
}

/** The model's weights with what adapters have learnt. Throws `UserError` as `readAdapters`. */
export async function mergedWith(path: string, graph: Graph, weights: Weights): Promise<Weights> {
  const { how, tensors } = await readAdapters(path, graph);
  return lora(graph, how).merged({ ...weights, ...tensors });
}

/** Weights, and what is said beside them. */
export interface Told {
  readonly weights?: Weights | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The same where adapters are asked for. Throws `UserError` also where there are no weights that they are beside. */
export async function adaptedWith(path: string | undefined, graph: Graph, base: Told): Promise<Told> {
  if (path === undefined) return base;
  if (!base.weights) throw withoutWeights("--adapters");
  const { how, tensors, metadata } = await readAdapters(path, graph);
  const weights = lora(graph, how).merged({ ...base.weights, ...tensors });
  return { weights, metadata: { ...base.metadata, ...metadata } };
}

export const withoutWeights = (flag: string): UserError =>
  new UserError({
    problem: `${flag} goes with --weights`,
    rule: "adapters are trained beside weights that have learnt something, and are nothing without them",
    fix: `--weights FILE, or leave out ${flag}`,
  });

/** Its values are looked at by `lora`. */
function madeAs(text: string, shown: string): LoraOptions {
  try {
    return JSON.parse(text);
  } catch {
    throw noAdapters(shown);
  }
}

const noAdapters = (shown: string): UserError =>
  new UserError({
    problem: `${shown} is no file of adapters`,
    rule: `what weft train --lora writes says of what rank they are: "${KEY}" of its metadata; beside PEFT's lies ${CONFIG}`,
    fix: "adapters.safetensors or a folder of PEFT's, and the weights that they were trained beside",
  });
