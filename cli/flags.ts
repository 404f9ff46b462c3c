/** The flags that several verbs share, and what commander is told of numbers. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Dims } from "../compiler/onnx/index.ts";
import { QUANTISED } from "../contract/quantised.ts";

/** Adds `--format`, `--quiet` and `--verbose`. */
export function outputOptions(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(
      new Option("-f, --format <format>", "how the result is printed")
        .choices([...formats])
        .default(formats[0]),
    )
    .addOption(new Option("-q, --quiet", "print the result alone, no remarks").conflicts("verbose"))
    .option("-v, --verbose", "say more about what is done");
}

/** `--adapter`: which kind of adapter is asked for. A verb with this flag may load drivers. */
export function adapterOption(): Option {
  return new Option(
    "-a, --adapter <kind>",
    "of WebGPU: hardware, software, or a GPU if there is one (WEFT_ADAPTER sets it too)",
  )
    .choices(["auto", "hardware", "software"])
    .env("WEFT_ADAPTER");
}

const DEVICES = ["auto", "webgpu", "wasm", "software"] as const;
export type DeviceChoice = (typeof DEVICES)[number];

/** `--device` and `--adapter`, of what runs a model. */
export function deviceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--device <kind>",
        "webgpu, wasm (WebAssembly, on the CPU), software (a WebGPU adapter on the CPU); default auto: a GPU, else wasm",
      ).choices(DEVICES),
    )
    .addOption(adapterOption());
}

const ADAPTER = adapterOption().long;
export const asksForAdapter = ({ options }: Command): boolean => options.some(({ long }) => long === ADAPTER);

/** `--no-tune`, of what runs a model. */
export function noTuneOption(): Option {
  return new Option("--no-tune", "do not use the schedules that weft tune wrote beside the model");
}

/** `--precision`, of what compiles a model. */
export function precisionOption(): Option {
  return new Option(
    "--precision <type>",
    'f16: weights and what lies between kernels in 16 bits, sums in 32; for adapters with "shader-f16"',
  )
    .choices(["f32", "f16"])
    .default("f32");
}

/** `--quantise`, of what compiles a model. */
export function quantiseOption(): Option {
  return new Option(
    "--quantise <type>",
    "weights as whole numbers of 8 or 4 bits, 32 of them with a scale; what is computed stays as it is",
  ).choices([...QUANTISED]);
}

/** What pictures with their classes are read from. */
export function pictureOptions(command: Command, others = ""): Command {
  return command
    .option(
      "-d, --data <set>",
      `synthetic (drawn by weft, the default), fashion-mnist, mnist, ${others}a folder of pictures by class`,
    )
    .option("--data-dir <dir>", "where the files of fashion-mnist or mnist are (WEFT_DATA sets it too)")
    .option("--limit <n>", "use the first N examples alone, for a quick try", wholeNumber(1));
}

/** What is learnt from: pictures, arrays, tables. */
export function dataOptions(command: Command): Command {
  return pictureOptions(command, "a .csv file, ")
    .option("--input <files...>", "examples as .npy files, FILE or NAME=FILE; a sixth is kept for testing")
    .option("--target <files...>", "with --input: their labels or targets, FILE or NAME=FILE")
    .option("--label <columns>", "of a .csv file: the columns that are learnt, A,B; default the last one");
}

/** `--loss` and what goes with it, of what trains or measures. */
export function lossOptions(command: Command): Command {
  return command
    .option(
      "--loss <names...>",
      "crossEntropy (the default, unless the model file says another), binaryCrossEntropy, squaredError, absoluteError or huber; of several outputs OUTPUT=LOSS or OUTPUT=LOSS*WEIGHT for each",
    )
    .option("--class-weights <list>", "crossEntropy: what a label of each class counts, 1,2,0.5", numbers)
    .option(
      "--label-smoothing <share>",
      "crossEntropy: the share of a label that is spread over all classes",
      number("a number from 0 to 1", (v) => v >= 0 && v <= 1),
    )
    .option(
      "--ignore-index <n>",
      "crossEntropy: labels of this number do not count, 255 or -100",
      number("a whole number", Number.isSafeInteger),
    )
    .option(
      "--delta <error>",
      "huber: the error up to which it is squared; default 1",
      number("a number above 0", (v) => v > 0),
    );
}

/** For commander: numbers of at least 0 with commas between them. */
function numbers(text: string): readonly number[] {
  const list = text.split(",").map((each) => (each.trim() === "" ? Number.NaN : Number(each)));
  if (list.every((value) => Number.isFinite(value) && value >= 0)) return list;
  throw new InvalidArgumentError("It must be numbers of at least 0 with commas between them.");
}

/** `--loss`, `--lr`, `--optimizer` and what goes with them, of what compiles a training step. */
export function optimizerOptions(command: Command): Command {
  const positive = number("a number above 0", (v) => v > 0);
  return lossOptions(command)
    .option(
      "--lr <rate>",
      "the learning rate; default 0.9 for sgd, the lecture's, and 0.001 for adam",
      positive,
    )
    .addOption(new Option("--optimizer <kind>", "how weights change; default sgd").choices(["sgd", "adam"]))
    .option(
      "--momentum <share>",
      "sgd: the share of the last step that is kept",
      number("a number from 0 to below 1", (v) => v >= 0 && v < 1),
    )
    .option("--nesterov", "sgd: look ahead along the momentum")
    .option(
      "--weight-decay <rate>",
      "pulls weights to zero; AdamW with adam",
      number("a number of at least 0", (v) => v >= 0),
    )
    .option("--clip-norm <norm>", "bounds the gradients' norm over all weights", positive)
    .option("--clip-value <value>", "bounds each gradient", positive)
    .option(
      "--accumulate <n>",
      "batches whose gradients are gathered for an update, as of one large batch; default 1",
      wholeNumber(1),
    )
    .option("--freeze <names...>", "layers, scopes or parameters that are not trained; * is any text")
    .option(
      "--lora <rank>",
      "leave all weights as they are, and train adapters of this rank beside them",
      wholeNumber(1),
    )
    .option("--lora-alpha <alpha>", "what adapters learn counts alpha / rank; default the rank", positive)
    .option("--lora-on <names...>", "the layers that have adapters; default all that can have some");
}

/** `--adapters`, of what takes weights. */
export function adaptersOption(use = "whose learning is added to the weights"): Option {
  return new Option(
    "--adapters <file>",
    `adapters that weft train --lora made, or a folder of PEFT's, beside --weights: ${use}`,
  );
}

/** `--dim`: numbers for sizes that a model or an ONNX file leaves open. */
export function dimOption(): Option {
  return new Option(
    "--dim <name=size...>",
    "a number for a size that the model leaves open, T=64; of an ONNX file also the most that it can be, T=..512",
  ).argParser(dimsWith);
}

/** One more size. */
function dimsWith(text: string, before: Dims | undefined): Dims {
  const [, name = "", most, size] = /^(.+)=(\.\.)?(\d{1,9})$/.exec(text) ?? [];
  const value = Number(size);
  if (name === "" || !(value >= 1)) throw new InvalidArgumentError("It must be NAME=SIZE, or NAME=..MOST.");
  return Object.fromEntries([...Object.entries(before ?? {}), [name, most ? { max: value } : value]]);
}

/** For commander: a whole number of at least `least`, and of at most `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const rule = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > most || value < least)
      throw new InvalidArgumentError(`It must be a whole number ${rule}.`);
    return value;
  };
}

/** For commander: a number that `fits`. */
function number(rule: string, fits: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || !fits(value))
      throw new InvalidArgumentError(`It must be ${rule}.`);
    return value;
  };
}
