/** `weft verify`: whether an adapter computes a model right, kernel by kernel. */
import type { Precision } from "../../compiler/compile.ts";
import { verification } from "../../compiler/verification.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { batchesOf, verify as verifyOn } from "../../runtime/verify/index.ts";
import { startBuilding } from "../building.ts";
import { openDevice } from "../device.ts";
import { EXIT_USER } from "../failure.ts";
import { adapterOption, noTuneOption, precisionOption, wholeNumber } from "../flags.ts";
import { loadModel } from "../model.ts";
import { verdictText } from "../output/verdict.ts";
import { here } from "../tuning/use.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { readWeights } from "../weights.ts";

interface Options extends ModelVerbOptions {
  readonly batch?: readonly number[];
  readonly weights?: string;
  readonly seed: number;
  readonly adapter?: AdapterChoice;
  readonly tune?: boolean;
  readonly precision: Precision;
  readonly portable?: boolean;
}

const batch = wholeNumber(1);

export const verify = verb({
  options: (command) =>
    command
      .option(
        "-b, --batch <sizes...>",
        "how many examples a run has; default one size for each of the program's ranges, 1 2 65",
        (text, before: readonly number[] = []) => [...before, batch(text)],
      )
      .option("-w, --weights <file>", "a safetensors file; without it the parameters are random")
      .option("--seed <n>", "the seed of inputs and of random parameters", wholeNumber(0), 0)
      .option(
        "--portable",
        "the program that weft compile writes, for any device, not the one for this adapter",
      )
      .addOption(adapterOption())
      .addOption(precisionOption())
      .addOption(noTuneOption()),
  help: `
Each kernel is given what is right and its results are compared with
WebAssembly's, which hang on no driver. The exit code is 1 where one differs.
A page does the same with verify of weftgpu/verify.
${examples([
  ["weft verify models/lenet.ts", "is what this GPU computes right?"],
  ["weft verify models/lenet.ts --adapter software --batch 1", "one example, on the adapter of the CPU"],
  ["weft verify model.onnx --format json | jq '.faults[].kernel'", "for a script"],
])}`,
  run: (model: string, options: Options, { ui }) => look(model, options, ui),
});

async function look(file: string, options: Options, ui: Ui): Promise<number> {
  const { adapter, seed, quiet = false } = options;
  const { graph, weights: own } = await loadModel(file, { dims: options.dim });
  const chosen = options.portable
    ? { precision: options.precision }
    : (await here(file, options, ui)).options;
  const subject = verification(graph, chosen);
  const { program } = subject;
  const weights = options.weights === undefined ? own : await readWeights(options.weights, program, ui.note);
  const { device, name, close } = await openDevice(ui, adapter);
  const built = startBuilding([program], { ui, quiet }, { what: " and comparing what they compute", device });
  try {
    const verdict = await verifyOn(subject, {
      device,
      seed,
      batches: options.batch ?? batchesOf(program),
      ...(weights && { weights }),
    });
    built();
    if (options.format === "json") printJson(ui, { model: program.name, ...verdict, device: name });
    else ui.out(verdictText(graph, { ...verdict, device: name }, ui));
    return verdict.faults.length > 0 ? EXIT_USER : 0;
  } finally {
    built();
    close();
  }
}
