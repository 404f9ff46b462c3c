/** `weft export`: a model and its weights as an ONNX file. */
import { Option } from "commander";
import { compile } from "../../compiler/compile.ts";
import { UserError } from "../../compiler/errors.ts";
import { STORAGES } from "../../compiler/onnx/export/stored.ts";
import { exportOnnx, type WeightStorage } from "../../compiler/onnx/index.ts";
import { bytesText } from "../../compiler/report/layout.ts";
import type { Program } from "../../contract/program.ts";
import type { Weights } from "../../contract/weights.ts";
import { valuesOf } from "../../runtime/values.ts";
import { adaptedWith } from "../adapters/index.ts";
import { shownPath } from "../files.ts";
import { adaptersOption, wholeNumber } from "../flags.ts";
import { loadModel } from "../model.ts";
import { printJson } from "../ui.ts";
import { examples, type ModelVerbOptions, verb } from "../verb.ts";
import { weightsOf } from "../weights.ts";
import { requireWritableFile, writeFiles } from "../write.ts";

interface Options extends ModelVerbOptions {
  readonly out: string;
  readonly weights?: string;
  readonly adapters?: string;
  readonly seed: number;
  readonly storage: WeightStorage;
}

export const exportModel = verb({
  options: (command) =>
    command
      .requiredOption("-o, --out <file>", "the file to write: NAME.onnx")
      .option("-w, --weights <file>", "a safetensors file; without it initial weights are drawn")
      .addOption(adaptersOption())
      .option("--seed <n>", "of initial weights", wholeNumber(0), 0)
      .addOption(
        new Option(
          "--storage <type>",
          "the bits of weights: f16, or whole numbers i8 or i4 with a scale for 32; all is computed in f32",
        )
          .choices([...STORAGES])
          .default("f32"),
      ),
  help: examples([
    [
      "weft export models/lenet.ts --weights lenet.safetensors --out lenet.onnx",
      "what was trained here, for whatever runs ONNX",
    ],
    ["weft export models/vit.ts --storage i8 --out vit.onnx", "a quarter of the bytes"],
    ["weft import lenet.onnx --check", "is it the same in onnxruntime?"],
  ]),
  async run(path: string, { out, weights: file, adapters, seed, storage, format, dim }: Options, { ui }) {
    if (!/\.onnx$/i.test(out))
      throw new UserError({
        problem: `--out ${out} is no .onnx file`,
        fix: `--out ${out.replace(/\.\w+$/, "")}.onnx`,
      });
    await requireWritableFile(out);
    const { graph, weights: inside } = await loadModel(path, { dims: dim });
    const { program } = compile(graph);
    const base = { weights: await weightsOf(file, inside, program, ui.note) };
    const { weights: given } = await adaptedWith(adapters, graph, base);
    if (!given && program.params.length > 0) ui.note("initial weights: --weights gives those of a training");
    const bytes = exportOnnx({ graph }, given ?? drawn(program, seed), { storage });
    await writeFiles([[out, bytes]]);
    if (format === "json") printJson(ui, { written: out, bytes: bytes.length });
    else ui.out(`written to ${shownPath(out)}: ${bytesText(bytes.length)}`);
    return 0;
  },
});

function drawn(program: Program, seed: number): Weights {
  const values = valuesOf(program, undefined, seed);
  return Object.fromEntries(
    program.params.map(({ name, shape }, i) => [name, { shape, data: values[i] as Float32Array }]), // a value for each
  );
}
