/** The verbs of the command, in the order of the help. What this list does not say of a verb, its file does, loaded when it is asked for. */
import { Argument } from "commander";
import { KNOWN } from "../../data/knownClasses.ts";
import type { Shell } from "../completion/index.ts";
import type { Define, Example } from "../verb.ts";

export interface Entry {
  readonly name: string;
  readonly takes?: Argument;
  readonly about: string;
  /** Of `--format`, the usual one first; without it there is one thing to print, which no flag changes. */
  readonly formats?: readonly string[];
  /** Its line among the examples of `weft --help`. */
  readonly example?: Example;
  readonly load: () => Promise<Define>;
}

const TEXT = ["text", "json"];
/** Of every verb that takes one; each then has `--dim` too. */
export const MODEL: Argument = new Argument(
  "<model>",
  "a model file, such as models/lenet.ts, or an ONNX file",
);

export const VERBS: readonly Entry[] = [
  {
    name: "init",
    takes: new Argument("[dir]", "where to; it is made if it does not exist").default("."),
    about: "Write a small project: a model, its training, a page to draw on, and tests with golden files.",
    example: ["weft init my-model", "a small project to start from: model, training, page, tests"],
    formats: TEXT,
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "shapes",
    takes: MODEL,
    about: "Print a table of the model's layers: shapes with their formulas, parameters, cost, kernels.",
    example: ["weft shapes models/lenet.ts", "every layer's shape, with the formula behind it"],
    formats: ["table", "markdown", "json"],
    load: async () => (await import("./shapes.ts")).shapes,
  },
  {
    name: "compile",
    takes: MODEL,
    about: "Compile a model to WGSL: list its kernels and what was fused, and write what a web page loads.",
    example: [
      "weft compile models/lenet.ts --out dist/lenet",
      "write WGSL, a typed module and a bundle for the web",
    ],
    formats: TEXT,
    load: async () => (await import("./compile.ts")).compile,
  },
  {
    name: "run",
    takes: MODEL,
    about: "Run a model on pictures or arrays, on the GPU or on the software adapter that comes with npm.",
    example: ["weft run models/lenet.ts --input picture.png", "classify a picture"],
    formats: TEXT,
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "import",
    takes: new Argument("<file>", "an ONNX file"),
    about: "Turn an ONNX file into a model file and its weights, and say what was made of it.",
    example: ["weft import model.onnx --out models", "model.ts and model.safetensors of an ONNX file"],
    formats: TEXT,
    load: async () => (await import("./import.ts")).importOnnxFile,
  },
  {
    name: "export",
    takes: MODEL,
    about: "Write a model and its weights as an ONNX file, for whatever runs ONNX.",
    example: [
      "weft export models/lenet.ts --weights lenet.safetensors --out lenet.onnx",
      "what was trained here, as an ONNX file",
    ],
    formats: TEXT,
    load: async () => (await import("./export.ts")).exportModel,
  },
  {
    name: "train",
    takes: MODEL,
    about: "Train a model on labelled pictures, on the GPU or on the software adapter.",
    example: [
      "weft train models/lenet.ts",
      "train on shapes that weft draws; --data fashion-mnist for real ones",
    ],
    formats: TEXT,
    load: async () => (await import("./train.ts")).train,
  },
  {
    name: "weights",
    takes: MODEL,
    about:
      "Read weights that another program wrote, PyTorch above all, and write them under the model's names.",
    example: [
      "weft weights model.ts --from state.safetensors --out model.safetensors",
      "weights of PyTorch, under the model's names",
    ],
    formats: TEXT,
    load: async () => (await import("./weights.ts")).weights,
  },
  {
    name: "eval",
    takes: MODEL,
    about:
      "Measure a trained model on data: its losses, how far its numbers are off, and what is mistaken for what.",
    formats: TEXT,
    load: async () => (await import("./eval.ts")).evaluate,
  },
  {
    name: "profile",
    takes: MODEL,
    about:
      "Time every kernel of a model: its share, its rates, and how far it is from the adapter's measured peak.",
    example: ["weft profile models/lenet.ts", "where the time goes, kernel by kernel"],
    formats: TEXT,
    load: async () => (await import("./profile.ts")).profile,
  },
  {
    name: "verify",
    takes: MODEL,
    about: "Check that an adapter computes a model right, kernel by kernel, beside WebAssembly.",
    example: [
      "weft verify models/lenet.ts",
      "is what this GPU computes right, and if not, which kernel is wrong?",
    ],
    formats: TEXT,
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "tune",
    takes: MODEL,
    about:
      "Measure other tilings of a model's kernels on this adapter, and write the fastest to a file beside the model, which weft run, eval, train, profile and compile then use.",
    example: ["weft tune models/lenet.ts", "measure other schedules here, and keep the fastest"],
    formats: TEXT,
    load: async () => (await import("./tune.ts")).tune,
  },
  {
    name: "studio",
    takes: new Argument("[model]", "a model file; default: models/lenet.ts, else the package's own LeNet"),
    about: "Show a model in a page: its graph, kernels and source; try it, train it. For this machine alone.",
    example: ["weft studio", "see a model in a page: graph, kernels, activations, training"],
    formats: TEXT,
    load: async () => (await import("./studio.ts")).studio,
  },
  {
    name: "data",
    takes: new Argument("<set>", "the data set").choices(Object.keys(KNOWN)),
    about:
      "Download a data set from its official address, check it, and keep it where train and eval find it.",
    formats: TEXT,
    load: async () => (await import("./data.ts")).data,
  },
  {
    name: "doctor",
    about:
      "Print the WebGPU adapter that a run gets, its driver, features and limits, and what to do if there is none.",
    example: ["weft doctor", "which GPU is used, and what to do if there is none"],
    formats: TEXT,
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "completion",
    takes: new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"] satisfies Shell[]),
    about: "Print a script that makes a shell complete commands, flags, their values and model files.",
    load: async () => (await import("./completion.ts")).completion,
  },
];
