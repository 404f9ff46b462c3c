/** Files that are dropped anywhere, pasted, or chosen with the button: what becomes of each. */
import { UserError } from "../../compiler/errors.ts";
import { messageOf } from "../message.ts";
import type { Given, Studio, Words } from "../tab.ts";
import { misfit } from "../tabs/try/weights.ts";
import { kindOf } from "./kind.ts";
import { openOnnx } from "./onnx.ts";
import { type Say, type Text, texts } from "./text.ts";
import { openWeights } from "./weights.ts";

/** Opens all of them: a model first, then weights for it, then what is put into it. `tell` says what came of it. */
export async function openFiles(
  files: readonly File[],
  studio: Studio,
  tell: (message: Words) => void,
): Promise<void> {
  const text = texts[studio.language.value];
  const said: Say[] = [];
  const say = (line: Say | undefined): void => {
    if (!line) return;
    said.push(line);
    const all = (words: Text): string => said.map((each) => each(words)).join("\n");
    tell({ en: all(texts.en), zh: all(texts.zh) });
  };
  const of = (kind: ReturnType<typeof kindOf>): readonly File[] => files.filter((f) => kindOf(f) === kind);
  const attempt = async (file: File, work: () => Promise<Say | undefined>): Promise<void> => {
    await work().then(say, (error) => say((words) => words.failed(file.name, reason(error, words))));
  };
  const [onnx] = of("onnx");
  const models = of("model");
  if (onnx) await attempt(onnx, () => openOnnx(onnx, files, studio, text));
  else if (models[0]) await attempt(models[0], () => openModel(models, studio));
  for (const file of of("weights")) await attempt(file, () => openWeights(file, studio, text));
  const give = (tab: string, given: Given): void => {
    studio.given.set(given);
    studio.show(tab);
  };
  const set = of("set");
  if (set.length > 0) give("train", { kind: "set", files: set });
  for (const kind of ["array", "picture"] as const) for (const file of of(kind)) give("try", { kind, file });
  const strangers = onnx ? [] : of(undefined); // files beside a model hold its weights
  if (strangers.length > 0) say((words) => words.unknown(strangers.map((f) => f.name).join(", ")));
}

/** Model files; the first is the model, others what it imports. Weights that do not fit it are put away. */
async function openModel(
  files: readonly File[],
  { bench, weights, model, show }: Studio,
): Promise<undefined> {
  const texts = files.map(async (file) => [file.name, await file.text()] as const);
  await bench.open(files[0]?.name ?? "", Object.fromEntries(await Promise.all(texts)));
  const params = model.value?.compilation.program.params;
  if (params && weights.value && misfit(params, weights.value) !== undefined) weights.set(null);
  show("model");
}

/** A user's mistake with its rule and what to try. */
function reason(error: unknown, text: Text): string {
  const message = messageOf(error).replace(/^weights: /, "");
  if (!(error instanceof UserError)) return message;
  const { problem, rule, fix } = error.diagnosis;
  return [problem, rule && `${text.rule}: ${rule}`, fix && `${text.attempt}: ${fix}`]
    .filter(Boolean)
    .join("\n");
}
