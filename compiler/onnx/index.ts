/** `weftgpu/onnx`: an ONNX file as a model of Weft, and a model as an ONNX file. */
import { showShape } from "../../contract/shapes.ts";
import { kindOf as kindOfValue } from "../../contract/tensor.ts";
import { plainBytes, type Weights } from "../../contract/weights.ts";
import { startNames } from "../dsl/build.ts";
import type { Model } from "../dsl/model.ts";
import { plural, UserError } from "../errors.ts";
import type { Graph } from "../ir/graph.ts";
import { kindOf, listOf, optional, otherwise, takes, text } from "../options.ts";
import type { Import } from "./call.ts";
import { decode, type OnnxGraph, type OnnxModel, readsOf } from "./decode.ts";
import { finish } from "./finish.ts";
import { elementType, type Files, fileOf, shown } from "./numbers.ts";
import { type Ref, recorder } from "./recorder.ts";
import { counted, type Report, type Unsupported } from "./report.ts";
import { type Dims, symbolOf, type Translated, translate } from "./translate.ts";
import { isFloat } from "./value.ts";

export { type ExportOptions, exportOnnx } from "./export/index.ts";
export type { WeightStorage } from "./export/stored.ts";
export type { Files } from "./numbers.ts";
export type { Counted, Report, Unsupported } from "./report.ts";
export type { DimBinding, Dims } from "./translate.ts";

/** How an ONNX file is imported. */
export interface ImportOptions {
  /** What the model is called. Default: what the file calls its graph. */
  readonly name?: string;
  /**
   * Sizes that the file leaves open, by their names there: a number, or `{ max }` for one that a run decides. The size that stands
   * first in the inputs is the batch N unless it is bound here.
   */
  readonly dims?: Dims;
  /** The files beside the model that hold its weights, by the names that `filesOf` gives. */
  readonly files?: Files;
  /** Which values of the file are the model's outputs; "all": every tensor that is computed. Default: the file's outputs. */
  readonly outputs?: readonly string[] | "all";
}

/** An imported model. */
export interface Imported {
  readonly model: Model;
  /** The parameters by the names that the model has them under, also where it is loaded from `source`. */
  readonly weights: Weights;
  /** The text of a model file that makes the same graph. */
  readonly source: string;
  readonly report: Report;
}

/** A file that cannot be imported as a whole: `report.unsupported` has each node with its reason. */
export class ImportError extends UserError {
  readonly report: Report;
  /** `file`: what the message begins with. */
  constructor(report: Report, file?: string) {
    const { unsupported } = report;
    const [first] = unsupported;
    const lines = unsupported.slice(0, MOST_SHOWN).map((u) => `\n    ${lineOf(u)}`);
    const more = unsupported.length - lines.length;
    super({
      problem: `${file === undefined ? "" : `${file}: `}${unsupported.length} ${plural(unsupported.length, "node")} cannot be imported:${lines.join("")}${more > 0 ? `\n    and ${more} more` : ""}`,
      ...(first?.try === undefined ? {} : { fix: first.try }),
    });
    this.report = report;
  }
}

const MOST_SHOWN = 8;

/** `Conv "conv1": its weight is computed` */
export const lineOf = ({ op, node, reason }: Unsupported): string => `${op} ${shown(node)}: ${reason}`;

type Anything = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Anything =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1;
const dims = kindOf(
  "numbers of at least 1, or { max }, by the names of sizes",
  "{ width: 640 }",
  (value): value is Dims =>
    isRecord(value) &&
    Object.values(value).every(
      (d) => isSize(d) || (isRecord(d) && Object.keys(d).join() === "max" && isSize(d["max"])),
    ),
);
const files = kindOf(
  "bytes by the names of files",
  "{}",
  (value): value is Files =>
    isRecord(value) && Object.values(value).every((bytes) => bytes instanceof Uint8Array),
);
const list = listOf(text);
const outputs = {
  rule: '"all", or a list of names of the file',
  example: '"all"',
  read: (value: unknown, place: Parameters<typeof list.read>[1]): readonly string[] | "all" =>
    value === "all" ? value : list.read(value, place),
};
const readOptions = takes("importOnnx", {
  name: optional(text),
  dims: otherwise<Dims>(dims, {}),
  files: otherwise<Files>(files, {}),
  outputs: optional(outputs),
});

/** More elements than shapes and masks of any model have, and than weights that are moved of one that a page can hold. */
const MOST_ELEMENTS = 2 ** 24;
const MOST_WEIGHTS = 2 ** 28;

/**
 * The model that an ONNX file holds, of opset 7 to 24: its graph, its weights, and the text of a model file. Shape arithmetic is
 * carried out, and nothing of it is left. Works in a page: it is given bytes and reads no file.
 *
 * Throws `UserError` for bytes that are no ONNX file, sizes that are left open, and as `ImportError`, with the report, for a file
 * that has nodes which cannot be imported.
 */
export function importOnnx(bytes: Uint8Array | ArrayBuffer, options: ImportOptions = {}): Imported {
  const { name, dims, files, outputs: wanted } = readOptions(options);
  const decoded = decode(bytesOf("importOnnx", bytes));
  const calls = recorder();
  const shared: Import = {
    recorder: calls,
    files,
    spend: budget(MOST_ELEMENTS),
    spendWeights: budget(MOST_WEIGHTS),
    readOnce: readOnceIn(decoded.graph),
    constants: new Map(),
    constantsAreWeights: weighsByConstants(decoded.graph),
  };
  startNames();
  const chosen = wanted === undefined || wanted === "all" ? decoded.graph.outputs : wanted;
  const translated = translate(decoded, shared, dims, chosen);
  const report = (more: Partial<Report>): Report => ({ ...about(decoded, translated), ...more });
  if (translated.unsupported.length > 0) throw new ImportError(report({}));
  const named = name ?? nameOf(decoded.name);
  const result = finish({
    name: named,
    about: [`Imported from ONNX${decoded.producer ? `, as ${plain(decoded.producer)} wrote it` : ""}.`],
    statements: calls.statements,
    inputs: translated.inputs,
    outputs: outputsOf(translated, wanted, chosen),
  });
  const { graph } = result;
  const shapes = (all: typeof graph.inputs): unknown =>
    Object.fromEntries(all.map((o) => [o.name, o.node.type.shape]));
  const model: unknown = { name: named, graph, inputs: shapes(graph.inputs), outputs: shapes(graph.outputs) };
  const unread = [...translated.inputs.keys()].filter((key) => !graph.inputs.some((i) => i.name === key));
  return {
    model: model as Model, // as model() makes it
    weights: result.weights,
    source: result.source,
    report: report({
      layers: graph.nodes.filter((n) => n.kind === "op").length,
      parameters: Object.values(result.weights).reduce((sum, t) => sum + t.data.length, 0),
      notes: [
        ...translated.notes,
        ...movedIn(graph, translated),
        ...unread.map((key) => `input ${shown(key)} is left out: no output needs it`),
      ],
    }),
  };
}

/** What a run of an ONNX file is given: sizes that the file leaves open are names, by which `dims` binds them. */
export function inputsOf(
  bytes: Uint8Array | ArrayBuffer,
): readonly { readonly name: string; readonly shape: readonly (number | string)[] }[] {
  return decode(bytesOf("inputsOf", bytes)).graph.inputs.map(({ name = "", type }) => ({
    name,
    shape: (type?.tensor?.shape?.dim ?? []).map((d, i) => symbolOf(d, name, i) ?? d.value ?? 1),
  }));
}

/** The names of the files beside an ONNX file that hold weights of it, relative to its folder, none of them outside. Throws `UserError`. */
export function filesOf(bytes: Uint8Array | ArrayBuffer): readonly string[] {
  const { graph } = decode(bytesOf("filesOf", bytes));
  return [...new Set([...graph.initializers.values()].flatMap((tensor) => fileOf(tensor) ?? []))];
}

function bytesOf(of: string, given: unknown): Uint8Array {
  const bytes = plainBytes(given);
  if (bytes) return bytes;
  throw new UserError({
    problem: `${of} is given ${kindOfValue(given)}`,
    rule: "it takes the bytes of an ONNX file, as an ArrayBuffer or a Uint8Array",
    fix: "await readFile(path), or await (await fetch(url)).arrayBuffer()",
  });
}

/** Operators whose second operand is the weight of a layer. */
const LAYERS = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/** Whether nodes Constant hold the weights, as Paddle writes them: layers read such, and no initialiser has numbers to train. */
function weighsByConstants({ nodes, initializers }: OnnxGraph): boolean {
  const constants = new Set(nodes.flatMap(({ op, outputs }) => (op === "Constant" ? outputs : [])));
  const weights = [...initializers.values()].filter(({ dataType, name = "" }) =>
    isFloat(elementType(dataType, `tensor ${shown(name)}`)),
  );
  return (
    weights.length === 0 && nodes.some(({ op, inputs }) => LAYERS.has(op) && constants.has(inputs[1] ?? ""))
  );
}

/** Names that one node reads, and no output is. */
function readOnceIn({ nodes, outputs }: OnnxGraph): ReadonlySet<string> {
  const reads = new Map<string, number>();
  for (const name of [...nodes.flatMap(readsOf), ...outputs]) reads.set(name, (reads.get(name) ?? 0) + 1);
  return new Set([...reads].flatMap(([name, count]) => (count === 1 ? [name] : [])));
}

function budget(most: number): Import["spend"] {
  let left = most;
  return (elements) => {
    left -= elements;
    if (!(left >= 0))
      throw new UserError({
        problem: `more than ${most} ${plural(most, "element")} would be made at import`,
        rule: "shapes and masks are small",
        fix: "an export in which large constants are weights",
      });
  };
}

/** The tensors that are the model's outputs. Throws `UserError` for a name that stands for none. */
function outputsOf(
  { values }: Translated,
  wanted: readonly string[] | "all" | undefined,
  chosen: readonly string[],
): ReadonlyMap<string, Ref> {
  const made = new Map<string, Ref>();
  const seen = new Set<unknown>();
  const names = wanted === "all" ? [...values.keys()] : chosen;
  for (const name of names) {
    const value = values.get(name);
    if (wanted === "all") {
      const op = value?.kind === "computed" && !value.order && value.ref.tensor.node.kind === "op";
      if (!op || seen.has(value.ref)) continue;
      seen.add(value.ref);
    }
    if (value?.kind !== "computed")
      throw new UserError({
        problem: `output ${shown(name)} is ${value ? "a constant" : "no value of the file"}`,
        rule: "an output is computed from inputs",
        fix: "other outputs",
      });
    made.set(name, value.ref);
  }
  return made;
}

/** Outputs whose N the file has inside. */
const movedIn = ({ outputs }: Graph, { values }: Translated): readonly string[] =>
  outputs.flatMap(({ name, node }) => {
    const value = values.get(name);
    if (value?.kind !== "computed" || !value.order) return [];
    return [
      `output ${shown(name)} is ${showShape(node.type.shape)} here and ${showShape(value.shape)} in the file`,
    ];
  });

function about({ graph, producer, opsets }: OnnxModel, { folded, notes, unsupported }: Translated): Report {
  return {
    producer,
    opset: opsets.get("") ?? 1,
    operators: counted(graph.nodes.map((n) => n.op)),
    folded: counted(folded.map((n) => n.op)),
    layers: 0,
    parameters: 0,
    notes,
    unsupported,
  };
}

/** What exporters call every graph tells nothing. */
const nameOf = (name: string): string =>
  /^(?:|main_graph|torch[-_]jit.*|tf2onnx|graph|model)$/.test(plain(name)) ? "model" : plain(name);

const plain = (text: string): string =>
  text
    .replaceAll(/[^\x20-\x7e]|[*/\\"'`]/g, "")
    .trim()
    .slice(0, 80);
