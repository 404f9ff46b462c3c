/** What `weft run` does. */

import type { Precision } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import type { Program } from "../../compiler/ir/program.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { openDevice } from "../device.ts";
import { execute, typicalBatchOf } from "../execute.ts";
import { requireFinite } from "../finite.ts";
import { readClasses } from "../input/classes.ts";
import { readLabels } from "../input/labels.ts";
import { type Batch, readInputs } from "../input/read.ts";
import { type Outcome, resultJson, resultText } from "../output/outcome.ts";
import { isClassifier } from "../output/results.ts";
import { compileHere } from "../tuning/use.ts";
import type { Ui } from "../ui.ts";
import { readWeights } from "../weights.ts";

export interface RunOptions extends CommonOptions {
  readonly input?: readonly string[];
  readonly index?: string;
  readonly invert?: boolean;
  readonly weights?: string;
  readonly seed: number;
  readonly classes?: string;
  readonly labels?: string;
  readonly adapter?: AdapterChoice;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly top?: number;
  readonly pictures: boolean;
  readonly checkFinite?: boolean;
}

/** Everything that can be wrong with the files is found before a device is asked for. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const ui = uiOf(options);
  const { graph } = await loadModel(file);
  const inputs = graph.inputs.map(({ name, node }) => ({ name, shape: node.type.shape }));
  const batches = await readInputs(inputs, options.input ?? [], {
    index: options.index,
    invert: options.invert,
    note: ui.note,
  });
  const typicalBatch = typicalBatchOf(batches);
  const { program } = await compileHere(graph, file, { ...options, typicalBatch }, ui);
  const weights = options.weights === undefined ? undefined : await readWeights(options.weights, program);
  const classes = options.classes === undefined ? undefined : await readClasses(options.classes);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels, batches);
  if (!weights && program.params.length > 0)
    ui.note(
      `no --weights: the parameters are random (seed ${options.seed}), so the outputs mean nothing yet`,
    );

  const opened = await openDevice(ui, options.adapter);
  try {
    if (options.checkFinite) {
      await requireFinite(graph, program, batches, {
        device: opened.device,
        seed: options.seed,
        ...(weights ? { weights } : {}),
      });
      ui.note("every value of every kernel is finite");
    }
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
