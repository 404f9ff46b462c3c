/** `weft compile`: the model as fused kernels, for inference and for training, written to a folder, shown stage by stage, or held against golden files. */
import { Option } from "commander";
import { VARIANTS, type VariantName } from "../../compiler/emit/variants.ts";
import { UserError } from "../../compiler/errors.ts";
import { targets } from "../../compiler/strategies/target.ts";
import type { TrainingOptions } from "../../compiler/train/index.ts";
import { build, type Request } from "../compile/build.ts";
import { type Printed, watch } from "../compile/watch.ts";
import { optimizerOptions, precisionOption, quantiseOption, wholeNumber } from "../flags.ts";
import { compileJson, compileText, writtenText } from "../output/compiled.ts";
import { printStage, STAGES } from "../output/stages.ts";
import { untilInterrupted } from "../signals.ts";
import { type Given, OPTIMIZER, requireTrain, settle, stepOf } from "../training/settings.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";

interface Options
  extends ModelVerbOptions,
    Printed,
    Omit<Request, "variants" | "training" | "wasm">,
    Pick<Given, (typeof OPTIMIZER)[number]> {
  readonly train?: boolean;
  /** Names with commas between them. */
  readonly variants?: string;
  readonly watch?: boolean;
  readonly targets?: string;
}

export const compile = verb({
  options: (command) =>
    optimizerOptions(
      command
        .option("-o, --out <dir>", "write *.wgsl, program.json, a typed module and a bundle to this folder")
        .addOption(
          new Option("-s, --show <stage>", "print one stage of the compiler instead").choices([...STAGES]),
        )
        .option("-g, --golden <dir>", "fail with a diff where the output is not what this folder holds")
        .addOption(new Option("-u, --update", "with --golden: accept the output as it is"))
        .option(
          "-b, --batch <n>",
          "compile for this batch size alone; without it one program serves any",
          wholeNumber(1),
        )
        .addOption(
          new Option(
            "--target <target>",
            'what kernels may count on: "gpu" is any GPU, "nvidia" to "mali" are those of a maker, "octets" and "quads" need an adapter with subgroups; "weft run" and others choose by the adapter',
          )
            .choices(Object.keys(targets))
            .default("portable"),
        )
        .option(
          "--targets <list>",
          'what the program runs on: "webgpu", "wasm" (WebAssembly), or "webgpu,wasm", of which the bundle takes what the page has (default: "webgpu")',
        )
        .addOption(precisionOption())
        .addOption(quantiseOption())
        .option(
          "--variants <list>",
          'with --out: programs besides the portable one, of which the bundle takes what suits the device: "tuned" (what weft tune measured), "nvidia", "amd", "intel", "apple", "adreno", "mali" (GPUs of these makers), "gpu" (any adapter that is no CPU), "octets" and "quads" (adapters on CPUs), "f16" (adapters with shader-f16), "baked" (small --weights as numbers in the WGSL)',
        )
        .option(
          "--weights <file>",
          "with --variants baked: the safetensors file whose numbers stand in the WGSL",
        )
        .option(
          "-t, --train",
          "compile the training step too (forward, backward and update, cross-entropy); with --out, a page trains with it",
        ),
    ).option("-w, --watch", "compile again when the model or a file that it imports changes; Ctrl-C ends"),
  help: examples([
    ["weft compile models/lenet.ts", "the kernels, and why each layer was fused or not"],
    ["weft compile models/lenet.ts --out dist/lenet", "write lenet.bundle.js and what else a page needs"],
    ["weft compile models/lenet.ts --show wgsl", "read the kernels"],
    [
      "weft compile models/lenet.ts --targets webgpu,wasm --out dist/lenet",
      "a bundle for pages with WebGPU and without",
    ],
    [
      "weft compile models/lenet.ts --variants tuned,quads --out dist/lenet",
      "a bundle that takes other kernels where an adapter suits them",
    ],
    [
      "weft compile models/lenet.ts --variants baked --weights lenet.safetensors --out dist/lenet",
      "and kernels with these weights as numbers, for whoever loads them",
    ],
    [
      "weft compile models/lenet.ts --train --out dist/lenet",
      "and lenet.train.bundle.js, all that a page needs to train",
    ],
    [
      "weft compile models/lenet.ts --train --optimizer adam --lr 0.001 --show plan",
      "the buffers and dispatches of a training step",
    ],
    ["weft compile models/lenet.ts --golden test/golden/lenet", "has anything changed? --update accepts it"],
    [
      "weft compile models/lenet.ts --watch --out dist/lenet",
      "at every change: which kernels are others now, and the files anew",
    ],
  ]),
  async run(model: string, options: Options, { ui }) {
    const request = requestOf(options);
    if (options.watch) return untilInterrupted((stop) => watch(model, request, options, ui, stop));
    await once(model, request, options, ui);
    return 0;
  },
});

async function once(file: string, request: Request, { format, show }: Options, ui: Ui): Promise<void> {
  const { compilation, training, emitted, shown } = await build(file, request, ui);
  const { batch, golden } = request;
  if (show) printStage(show, shown(), format, ui);
  else if (format === "json") printJson(ui, compileJson({ compilation, training, batch, emitted }));
  else if (golden === undefined || emitted) ui.out(compileText({ compilation, training, batch }, ui));
  if (emitted && format === "text" && !show) ui.out(writtenText(emitted, ui));
}

/** Throws `UserError` where the flags do not go together; before any file is read. */
function requestOf(options: Options): Request {
  if (options.update && options.golden === undefined)
    throw new UserError({ problem: "--update goes with --golden", fix: "add --golden DIR" });
  if (options.update && options.watch)
    throw new UserError({
      problem: "--update does not go with --watch",
      rule: "golden files are accepted after a look at what has changed",
      fix: "leave out --update",
    });
  const places = placesOf(options);
  return {
    ...options,
    ...places,
    training: trainingOptions(options, places),
    variants: variantNames(options),
  };
}

/** What is compiled for. */
interface Places {
  readonly target: Options["target"];
  /** Whether the same for WebAssembly is put beside it. */
  readonly wasm: boolean;
}

const PLACES = ["webgpu", "wasm"];

/** Throws `UserError` for a name that is none, and where other flags are of WebGPU alone. */
function placesOf({ targets: list = "webgpu", target, variants }: Options): Places {
  const names = list.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !PLACES.includes(name));
  if (wrong !== undefined)
    throw new UserError({
      problem: `--targets: "${wrong}" is none`,
      rule: `${PLACES.join(" and ")}, one of them or both`,
      fix: `--targets ${PLACES.join(",")}`,
    });
  const wasm = names.includes("wasm");
  if (wasm && variants !== undefined)
    throw new UserError({
      problem: `--variants does not go with --targets ${list}`,
      rule: "variants are kernels for some adapters of WebGPU",
      fix: "leave out --variants",
    });
  if (names.includes("webgpu")) return { target, wasm };
  if (target !== "portable" && target !== "wasm")
    throw new UserError({
      problem: `--target ${target} does not go with --targets ${list}`,
      rule: "it is what WGSL may count on",
      fix: "leave out --target",
    });
  return { target: "wasm", wasm: false };
}

function trainingOptions(options: Options, { target, wasm }: Places): TrainingOptions | undefined {
  if (!options.train) {
    requireTrain(options, OPTIMIZER);
    return undefined;
  }
  const settings = settle(
    Object.fromEntries(OPTIMIZER.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]]))),
  );
  return { ...stepOf(settings), target, ...(wasm && { wasm }) };
}

/** Throws `UserError` for a name that is none, and where the programs would go nowhere. */
function variantNames({
  variants,
  weights,
  out,
  target,
  precision,
  quantise,
}: Options): readonly VariantName[] {
  const names = variants?.split(",").map((name) => name.trim()) ?? [];
  const known = (name: string): name is VariantName => VARIANTS.some((v) => v === name);
  const wrong = names.find((name) => !known(name));
  if (wrong !== undefined)
    throw new UserError({
      problem: `--variants: "${wrong}" is none`,
      rule: `${VARIANTS.join(", ")}; what runs everywhere is always there`,
      fix: `--variants ${VARIANTS.join(",")}`,
    });
  if (names.length > 0 && out === undefined)
    throw new UserError({ problem: "--variants goes with --out", fix: "add --out DIR" });
  if (names.length > 0 && precision !== "f32")
    throw new UserError({
      problem: "--variants does not go with --precision f16",
      rule: "with variants the device chooses",
      fix: "--variants f16: for devices that have it, and f32 for others",
    });
  if (names.length > 0 && quantise)
    throw new UserError({
      problem: `--variants does not go with --quantise ${quantise}`,
      rule: "variants are ways to carry out the same numbers, quantised weights are others",
      fix: "leave out --variants: weights that are quantised run everywhere",
    });
  if (names.length > 0 && target !== "portable")
    throw new UserError({
      problem: `--variants does not go with --target ${target}`,
      rule: "with variants the device chooses, and the portable program is what every other one gets",
      fix: "leave out --target",
    });
  const baked = names.includes("baked");
  if (baked && weights === undefined)
    throw new UserError({
      problem: "--variants baked needs weights",
      rule: "it has numbers of theirs in the WGSL, for whoever loads the same weights",
      fix: "add --weights FILE, a safetensors file of this model",
    });
  if (!baked && weights !== undefined)
    throw new UserError({
      problem: "--weights goes with --variants baked",
      rule: "other programs take any weights when they are loaded",
      fix: "add --variants baked, or leave out --weights",
    });
  return names.filter(known);
}
