/** `weft import`: an ONNX file as a model file and its weights, and a report of what was made of it. */
import { join } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { type Dims, ImportError, type Imported } from "../../compiler/onnx/index.ts";
import { writeSafetensors } from "../../contract/weights.ts";
import { type PlaceFlags, placeFor } from "../device.ts";
import { deviceOptions, dimOption, wholeNumber } from "../flags.ts";
import { importFile, nameOf, readOnnx } from "../onnx/load.ts";
import { type ImportOutcome, importJson, importText } from "../output/imported.ts";
import { printJson } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";
import { requireWritableFolder, writeFiles } from "../write.ts";

interface Options extends OutputOptions, PlaceFlags {
  readonly out?: string;
  readonly dim?: Dims;
  readonly check?: boolean;
  readonly input?: readonly string[];
  readonly seed: number;
}

export const importOnnxFile = verb({
  options: (command) =>
    deviceOptions(
      command
        .option("-o, --out <dir>", "write NAME.ts and NAME.safetensors to this folder")
        .addOption(dimOption())
        .option(
          "-c, --check",
          "compute with onnxruntime-node too, where it is installed, and name the first tensor that differs",
        )
        .option(
          "-i, --input <files...>",
          "with --check: the inputs, as weft run takes them; without it they are drawn",
        )
        .option("--seed <n>", "with --check: the seed of drawn inputs", wholeNumber(0), 0),
    ),
  help: examples([
    ["weft import model.onnx", "what it holds, and what is not supported"],
    ["weft import model.onnx --out models", "models/model.ts and models/model.safetensors"],
    [
      "weft import model.onnx --dim height=640 --dim width=..1280 --out models",
      "sizes that the file leaves open",
    ],
    ["weft import model.onnx --check", "is it the same as in onnxruntime?"],
  ]),
  async run(path: string, options: Options, { ui }) {
    if (options.input && !options.check)
      throw new UserError({ problem: "--input goes with --check", fix: "add --check" });
    if (options.out !== undefined) await requireWritableFolder(options.out);
    const file = await readOnnx(path);
    const settings = options.dim ? { dims: options.dim } : {};
    const print = (outcome: ImportOutcome, name: string): void => {
      if (options.format === "json") printJson(ui, importJson(outcome));
      else ui.out(importText(outcome, name, ui));
    };
    let imported: Imported;
    try {
      imported = importFile(path, file, settings);
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      // All nodes that are not supported, where a message has room for the first of them.
      print({ report: error.report }, nameOf(path));
      ui.note("nothing is written");
      return 1;
    }
    const { report, weights, source } = imported;
    const check = options.check
      ? await (await import("../onnx/check.ts")).check(
          path,
          file,
          imported,
          { ...options, ...settings },
          await placeFor(options),
          ui,
        )
      : undefined;
    const written =
      options.out === undefined
        ? []
        : [`${nameOf(path)}.ts`, `${nameOf(path)}.safetensors`].map((name) => join(options.out ?? "", name));
    const [model = "", data = ""] = written;
    if (written.length > 0)
      await writeFiles([
        [model, source],
        [data, writeSafetensors(weights)],
      ]);
    print({ report, check, written }, imported.model.name);
    if (!check || check.equal) return 0;
    ui.note(
      `${check.differs} ${plural(check.differs, "tensor")} ${check.differs === 1 ? "differs" : "differ"} from onnxruntime's`,
    );
    return 1;
  },
});
