/** The Train tab in one language: settings in, curves out. */
import { classifierIn, classifierOf } from "../../../cli/classifier.ts";
import { classesEntry } from "../../../data/scores.ts";
import type { Data } from "../../../data/set.ts";
import { writeSafetensors } from "../../../runtime/train.ts";
import { fill, h } from "../../dom.ts";
import type { Studio } from "../../tab.ts";
import type { CompiledModel } from "../../workbench.ts";
import { parameterCount } from "../try/layers.ts";
import { remember } from "../try/weights.ts";
import { answersCard } from "./answersCard.ts";
import { drawnShapes, prepared, readIdxFiles, readServed } from "./data.ts";
import { type Entered, type Form, form, type Shown } from "./form.ts";
import { examples } from "./pictures.ts";
import { type ProgressCard, progressCard } from "./progressCard.ts";
import { type RecipeName, recipes } from "./recipe.ts";
import { epochTable, pictureSamples, setName } from "./results.ts";
import { lastEpoch, type Training } from "./run.ts";
import type { Text } from "./text.ts";

export interface TrainProps {
  readonly studio: Studio;
  readonly run: Training;
  readonly entered: Entered;
  readonly text: Text;
}

export function showTrain(host: HTMLElement, props: TrainProps): () => void {
  const { studio, run, entered, text } = props;
  let usable = true;
  const card = progressCard(text);
  const answers = answersCard(text);
  const table = epochTable(text);
  const samples = pictureSamples(text);
  const cook = (recipe: RecipeName): void => {
    const model = studio.model.value;
    if (model) entered.settings = recipes[recipe](model.graph);
  };
  const settings = form({
    entered,
    sets: studio.project.sets ?? [],
    text,
    cook,
    changed() {
      run.setRate(entered.settings.lr);
      show();
    },
    submitted: () => submit(props),
    stop: () => void run.stop(),
    save: () => download(props),
    use: () => tryThem(props),
  });
  const show = (): void => {
    const progress = run.progress.value;
    settings.update(shownIn(props, usable));
    const edited = progress.phase !== "idle" && isEdited(props);
    card.update({ progress, finished: run.finished, wanted: entered.settings.epochs, edited });
    answers.update(progress);
    table.update(progress.epochs);
    samples.update(progress.data);
  };
  const sayModel = (): void => settings.about(modelLine(props));
  lay(host, settings, card, [answers.element, table.element, samples.element]);
  const stops = [
    run.progress.watch(show),
    studio.model.watch(() => {
      // Of a training that has begun, the settings stay what they were.
      if (entered.recipe !== "own" && run.progress.value.phase === "idle") {
        cook(entered.recipe);
        settings.refresh();
      }
      sayModel();
      show();
    }),
    studio.bench.status.watch(sayModel),
    studio.given.watch((given) => {
      if (given?.kind !== "set") return;
      studio.given.set(null);
      settings.takeFiles(given.files);
    }),
    withoutDevice(studio, (message) => {
      usable = false;
      show();
      card.unusable(message);
    }),
    card.destroy,
  ];
  return () => {
    for (const each of stops) each();
  };
}

function lay(host: HTMLElement, settings: Form, card: ProgressCard, results: readonly HTMLElement[]): void {
  fill(host, settings.element, h("div", { class: "main" }, card.element, ...results));
}

/** Tells why there is no device, unless it is called off before. */
function withoutDevice(studio: Studio, tell: (message: string) => void): () => void {
  let here = true;
  studio.device().catch((error: Error) => {
    if (here) tell(error.message);
  });
  return () => {
    here = false;
  };
}

/** What the form shows of the training. */
function shownIn(props: TrainProps, usable: boolean): Shown {
  const { phase, learned } = props.run.progress.value;
  const { train, pause, resume } = props.text;
  const going = phase === "training" || phase === "pausing";
  const ready = usable && props.studio.model.value !== null && untrainable(props) === undefined;
  return {
    phase,
    go: phase === "training" ? pause : phase === "paused" || canGoOn(props) ? resume : train,
    can: {
      go: ready && phase !== "preparing" && phase !== "pausing",
      stop: phase === "training" || phase === "paused",
      save: learned && !going,
      use: learned && !going,
    },
  };
}

/** Whether the model has been edited since training began. */
function isEdited({ run, studio }: TrainProps): boolean {
  const { model } = run.progress.value;
  return model !== undefined && model.source !== studio.model.value?.source;
}

/** Whether more epochs are wanted of a training that is done. */
function canGoOn(props: TrainProps): boolean {
  const { run, entered } = props;
  return run.progress.value.phase === "done" && entered.settings.epochs > run.finished && !isEdited(props);
}

/** Why the model cannot be trained on pictures, in words. */
function untrainable({ studio, text }: TrainProps): string | undefined {
  const graph = studio.model.value?.graph;
  if (!graph) return undefined;
  if (!classifierIn(graph)) return text.noClassifier(graph.name);
  return parameterCount(graph) === 0 ? text.nothingToLearn(graph.name) : undefined;
}

function modelLine(props: TrainProps): string {
  const { studio, text } = props;
  const model = studio.model.value;
  const problem = untrainable(props);
  if (problem) return problem;
  if (model) return text.model(model.name, parameterCount(model.graph).toLocaleString("en"));
  return studio.bench.status.value.kind === "failed" ? text.noModel : text.compiling;
}

/** What the first button does. */
function submit(props: TrainProps): void {
  const { run, studio, entered } = props;
  const { phase } = run.progress.value;
  const model = studio.model.value;
  if (phase === "training") run.pause();
  else if (phase === "paused" || canGoOn(props)) void run.resume(entered.settings.epochs);
  else if (model && (phase === "idle" || phase === "done" || phase === "stopped")) begin(model, props);
}

function begin(model: CompiledModel, { run, studio, entered }: TrainProps): void {
  const { source, chosen, settings } = entered;
  const data = async (): Promise<Data> => {
    const read =
      source === "shapes"
        ? drawnShapes(settings.limit)
        : source === "files"
          ? await readIdxFiles(chosen)
          : await readServed(source);
    return prepared(read, model.graph, settings.limit);
  };
  void run.begin({ model, settings, target: studio.target.value, data });
}

/** Gives the weights to the Try tab, and shows it. */
function tryThem({ run, studio, text }: TrainProps): void {
  const weights = run.weights();
  const { progress } = run;
  const { data, model } = progress.value;
  if (!weights || !data || !model) return;
  const epochs = `${Number(lastEpoch(progress.value).toFixed(2))}`;
  const name = text.weightsName(model.name, epochs, setName(data.name, text));
  const metadata = learnt(data, model);
  studio.weights.set(remember(weights, { kind: "trained", name, metadata, samples: examples(data.test) }));
  studio.show("try");
}

/** What the weights say of the classes that they have learnt. */
const learnt = ({ train }: Data, { graph }: CompiledModel): Readonly<Record<string, string>> =>
  classesEntry(train.classes, classifierOf(graph).classes);

function download({ run, entered }: TrainProps): void {
  const weights = run.weights();
  const { model, data, settings = entered.settings } = run.progress.value;
  if (!weights || !model || !data) return;
  const bytes = writeSafetensors(weights, {
    ...learnt(data, model),
    data: data.name,
    epochs: `${run.finished}`,
    settings: JSON.stringify(settings),
  });
  const link = h("a", {
    href: URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" })),
    download: `${model.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")}.safetensors`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
