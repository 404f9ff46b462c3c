/** `weft run`: the compiled model on files: pictures, IDX, .npy, .json. */
import { Command, Option } from "commander";
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Program } from "../../compiler/ir/program.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import {
  adapterOption,
  type CommonOptions,
  examples,
  printJson,
  uiOf,
  wholeNumber,
  withCommon,
} from "../common.ts";
import { openDevice } from "../device.ts";
import { execute } from "../execute.ts";
import { readClasses } from "../input/classes.ts";
import { readLabels } from "../input/labels.ts";
import { type Batch, readInputs } from "../input/read.ts";
import { type Outcome, resultJson, resultText } from "../output/outcome.ts";
import { isClassifier } from "../output/results.ts";
import type { Ui } from "../ui.ts";
import { readWeights } from "../weights.ts";

interface RunOptions extends CommonOptions {
  readonly input?: readonly string[];
  readonly index?: string;
  readonly invert?: boolean;
  readonly weights?: string;
  readonly seed: number;
  readonly classes?: string;
  readonly labels?: string;
  readonly adapter?: AdapterChoice;
  readonly top: number;
  readonly pictures: boolean;
}

export function runCommand(): Command {
  const command = new Command("run")
    .description(
      "Run a model on pictures or arrays, on the GPU or on the software adapter that comes with npm.",
    )
    .argument("<model>", "a model file, such as models/lenet.ts")
    .option(
      "-i, --input <files...>",
      "pictures, IDX (.gz too), .npy or .json; name=FILE where there are several inputs",
    )
    .option("--index <positions>", "which examples of an IDX, .npy or .json file: 3, 0:16, 1,5,9:12")
    .option("--invert", "pictures: 1 − brightness, for dark things on a bright ground")
    .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
    .option("--seed <n>", "the seed of random parameters", wholeNumber(0), 0)
    .option(
      "-c, --classes <names>",
      "fashion-mnist, mnist, a list with commas, or a file with a name per line",
    )
    .option(
      "--labels <file>",
      "an IDX file of the right classes: marks the answers and counts the right ones",
    )
    .addOption(adapterOption())
    .option("--top <n>", "how many classes to print for a picture", wholeNumber(1), 3)
    .addOption(new Option("--no-pictures", "do not draw the pictures"));
  return withCommon(command, ["text", "json"])
    .addHelpText(
      "after",
      examples([
        [
          "weft run models/lenet.ts -w models/lenet.safetensors -c fashion-mnist -i models/samples/*.png",
          "what is on these pictures?",
        ],
        [
          "weft run models/lenet.ts -i t10k-images-idx3-ubyte.gz --index 0:16 --labels t10k-labels-idx1-ubyte.gz",
          "sixteen examples of a data set, and how many were right",
        ],
        ["weft run models/lenet.ts -i digits.npy --format json", "{adapter, outputs: {logits: [[…]]}}"],
        ["weft run model.ts -i left=a.json right=b.json", "a model with two inputs"],
      ]),
    )
    .action(run);
}

/** Everything that can be wrong with the files is found before a device is asked for. */
async function run(file: string, options: RunOptions): Promise<void> {
  const ui = uiOf(options);
  const { graph } = await loadModel(file);
  const { program } = compile(graph);
  const batches = await readInputs(program.inputs, options.input ?? [], {
    index: options.index,
    invert: options.invert,
    note: ui.note,
  });
  const weights = options.weights === undefined ? undefined : await readWeights(options.weights, program);
  const classes = options.classes === undefined ? undefined : await readClasses(options.classes);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels, batches);
  if (!weights && program.params.length > 0)
    ui.note(
      `no --weights: the parameters are random (seed ${options.seed}), so the outputs mean nothing yet`,
    );

  const opened = await openDevice(ui, options.adapter);
  try {
    const { outputs, milliseconds } = await execute(program, batches, {
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
      classes,
      labels,
    };
    if (classes) checkClasses(classes, outcome, program);
    print(outcome, options, ui);
  } finally {
    opened.close();
  }
}

function print(outcome: Outcome, options: RunOptions, ui: Ui): void {
  if (options.format === "json") printJson(ui, resultJson(outcome, options.top));
  else resultText(outcome, { top: options.top, pictures: options.pictures }, ui);
}

function checkClasses(classes: readonly string[], { outputs, batches }: Outcome, program: Program): void {
  const examples = (batches[0] as Batch | undefined)?.titles.length ?? 1;
  for (const [name, output] of Object.entries(outputs))
    if (isClassifier(output, examples) && output.shape[1] !== classes.length)
      throw new UserError({
        problem: `--classes has ${classes.length} names, but the output ${name} of ${program.name} has ${output.shape[1]} scores`,
        rule: "a name for every score, in their order",
      });
}
