/** `weft run`: the compiled model on files: pictures, IDX, .npy, .json; and on numbers in the command. */
import type { Precision } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { type Graph, isClasses, outputsOf, rowOf } from "../../compiler/ir/graph.ts";
import type { Dims } from "../../compiler/onnx/index.ts";
import type { QuantisedType } from "../../contract/quantised.ts";
import { RULE, scoresOf } from "../../data/scores.ts";
import { adaptedWith } from "../adapters/index.ts";
import { openPlace, type PlaceFlags, placeFor } from "../device.ts";
import { execute, typicalBatchOf } from "../execute.ts";
import { shownPath } from "../files.ts";
import { requireFinite } from "../finite.ts";
import {
  adaptersOption,
  deviceOptions,
  noTuneOption,
  precisionOption,
  quantiseOption,
  wholeNumber,
} from "../flags.ts";
import { readClasses } from "../input/classes.ts";
import { readLabels } from "../input/labels.ts";
import { readInputs } from "../input/read.ts";
import { isOnnx, loadModel } from "../model.ts";
import { batchOf, type Outcome, resultJson, resultText } from "../output/outcome.ts";
import { compileHere } from "../tuning/use.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { readTold } from "../weights.ts";

interface Options extends ModelVerbOptions, PlaceFlags {
  readonly input?: readonly string[];
  readonly index?: string;
  readonly invert?: boolean;
  readonly weights?: string;
  readonly adapters?: string;
  readonly seed: number;
  readonly classes?: string;
  readonly labels?: string;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly quantise?: QuantisedType;
  readonly top?: number;
  readonly pictures: boolean;
  readonly checkFinite?: boolean;
}

export const run = verb({
  options: (command) =>
    deviceOptions(command)
      .option(
        "-i, --input <files...>",
        "pictures, IDX (.gz too), .npy or .json, or numbers as they are: 3,1,4; name=FILE where there are several inputs",
      )
      .option("--index <positions>", "which examples of an IDX, .npy or .json file: 3, 0:16, 1,5,9:12")
      .option("--invert", "pictures: 1 − brightness, for dark things on a bright ground")
      .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
      .addOption(adaptersOption())
      .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
      .option(
        "-c, --classes <names>",
        "names that make an output [N, k] scores: fashion-mnist, mnist, a list with commas, or a file with a name per line",
      )
      .option(
        "--labels <file>",
        "an IDX file of the right classes: marks the answers of the first scores and counts the right ones",
      )
      .addOption(precisionOption())
      .addOption(quantiseOption())
      .addOption(noTuneOption())
      .option(
        "--top <n>",
        "how many classes to print for an example; 3 beside a picture and in JSON, else 1",
        wholeNumber(1),
      )
      .option("--check-finite", "run kernel by kernel first, and name the first layer with NaN or infinity")
      .option("--no-pictures", "do not draw the pictures"),
  help: `
An output [N, k] is shown as scores over k classes if softmax or logSoftmax
makes it, if the model says so (model("…", …, …, { classes: 10 })), or if the
classes are named: by --classes, --labels or the weights' file, into which
weft train writes them. Any other output is shown as numbers.
${examples([
  [
    "weft run models/lenet.ts -w models/lenet.fashion-mnist.safetensors -c fashion-mnist -i models/samples/*.png",
    "what is on these pictures?",
  ],
  [
    "weft run models/lenet.ts -i t10k-images-idx3-ubyte.gz --index 0:16 --labels t10k-labels-idx1-ubyte.gz",
    "sixteen examples of a data set, and how many were right",
  ],
  ["weft run models/lenet.ts -i digits.npy --format json", "{adapter, outputs: {logits: [[…]]}}"],
  ["weft run model.onnx -i image=image.npy", "an ONNX file, with the weights that it holds"],
  ["weft run model.ts -i left=a.json right=b.json", "a model with two inputs"],
  ["weft run words.ts -i tokens=3,1,4,1,5", 'whole numbers, as many as a model with dim("T", …) is given'],
])}`,
  run: (model: string, options: Options, { ui }) => answer(model, options, ui),
});

/** Of an ONNX file, the sizes that its inputs have; of a model file, what is said: nothing. */
const dims = async (path: string, { input = [], dim }: Options): Promise<Dims | undefined> =>
  isOnnx(path) ? (await import("../onnx/sizes.ts")).dimsFor(path, input, dim) : dim;

/** Everything that can be wrong with the files is found before a device is asked for. */
async function answer(path: string, options: Options, ui: Ui): Promise<void> {
  const { graph, weights: own } = await loadModel(path, { dims: await dims(path, options) });
  const inputs = graph.inputs.map(({ name, node }) => ({ name, ...node.type }));
  const batches = await readInputs(inputs, options.input ?? [], {
    index: options.index,
    invert: options.invert,
    note: ui.note,
  });
  const typicalBatch = typicalBatchOf(batches);
  const place = await placeFor(options);
  const { program } = await compileHere(graph, path, { ...options, ...place, typicalBatch }, ui);
  const file = options.weights;
  const base = file === undefined ? { weights: own } : await readTold(file, program, ui.note);
  const { weights, metadata } = await adaptedWith(options.adapters, graph, base);
  const scores = scoresOf(graph, {
    names: options.classes === undefined ? undefined : await readClasses(options.classes),
    labelled: options.labels !== undefined,
    metadata,
    ignored: (why) => ui.note(`${shownPath(file ?? "")}: its classes are left aside: ${why}`),
  });
  if (options.top !== undefined && scores.size === 0) throw noScores(graph, options.top);
  const [labelled] = scores.values();
  const labels =
    options.labels === undefined
      ? undefined
      : await readLabels(options.labels, batchOf(batches), labelled?.count ?? 0);
  if (!weights && program.params.length > 0)
    ui.note(
      `no --weights: the parameters are random (seed ${options.seed}), so the outputs mean nothing yet`,
    );

  const opened = await openPlace(ui, place);
  try {
    if (options.checkFinite) {
      await requireFinite(graph, program, batches, {
        device: opened.device,
        seed: options.seed,
        ...(place.wasm && { target: "wasm" }),
        ...(weights ? { weights } : {}),
      });
      ui.note("every value of every kernel is finite");
    }
    const { outputs, milliseconds } = await execute(program, batches, {
      said: { ui, quiet: options.quiet === true },
      device: opened.device,
      seed: options.seed,
      ...(weights ? { weights } : {}),
    });
    const outcome: Outcome = {
      model: program.name,
      adapter: opened.name,
      weights: options.weights ?? null,
      milliseconds,
      batches,
      outputs,
      scores,
      labels,
    };
    print(outcome, options, ui);
  } finally {
    opened.close();
  }
}

function print(outcome: Outcome, options: Options, ui: Ui): void {
  if (options.format === "json") printJson(ui, resultJson(outcome, options.top));
  else resultText(outcome, { top: options.top, pictures: options.pictures }, ui);
}

/** There are no classes to rank. */
function noScores(graph: Graph, top: number): UserError {
  const rows = graph.outputs.map((o) => rowOf(o.node)).filter(isClasses);
  return new UserError({
    problem: `--top ${top} ranks classes, but ${outputsOf(graph)}, shown as numbers`,
    rule: RULE,
    fix:
      rows.length > 0
        ? `--classes with ${rows.join(" or ")} names, or model(…, { classes: ${rows[0]} })`
        : "leave out --top",
  });
}
