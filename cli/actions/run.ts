/** What `weft run` does. */

import type { Precision } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { type Graph, isClasses, outputsOf, rowOf } from "../../compiler/ir/graph.ts";
import { RULE, scoresOf } from "../../data/scores.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { openDevice } from "../device.ts";
import { execute, typicalBatchOf } from "../execute.ts";
import { shownPath } from "../files.ts";
import { requireFinite } from "../finite.ts";
import { readClasses } from "../input/classes.ts";
import { readLabels } from "../input/labels.ts";
import { readInputs } from "../input/read.ts";
import { batchOf, type Outcome, resultJson, resultText } from "../output/outcome.ts";
import { compileHere } from "../tuning/use.ts";
import type { Ui } from "../ui.ts";
import { readTold } from "../weights.ts";

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
export async function run(path: string, options: RunOptions): Promise<void> {
  const ui = uiOf(options);
  const { graph } = await loadModel(path);
  const inputs = graph.inputs.map(({ name, node }) => ({ name, shape: node.type.shape }));
  const batches = await readInputs(inputs, options.input ?? [], {
    index: options.index,
    invert: options.invert,
    note: ui.note,
  });
  const typicalBatch = typicalBatchOf(batches);
  const { program } = await compileHere(graph, path, { ...options, typicalBatch }, ui);
  const file = options.weights;
  const { weights, metadata } = file === undefined ? {} : await readTold(file, program);
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

function print(outcome: Outcome, options: RunOptions, ui: Ui): void {
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
