/** The Train tab in one language: settings in, curves out. */

import { classifierOf } from "../../../cli/classifier.ts";
import { formatDiagnosis } from "../../../compiler/errors.ts";
import { classesEntry } from "../../../data/scores.ts";
import type { Data } from "../../../data/set.ts";
import { writeSafetensors } from "../../../runtime/train.ts";
import { fill, h } from "../../dom.ts";
import { listenForFiles } from "../../files.ts";
import { sentence } from "../../message.ts";
import type { Studio } from "../../tab.ts";
import type { CompiledModel } from "../../workbench.ts";
import { parameterCount } from "../try/layers.ts";
import { remember } from "../try/weights.ts";
import { chart } from "./chart.ts";
import { drawnShapes, prepared, readIdxFiles } from "./data.ts";
import { type Entered, form } from "./form.ts";
import { examples, thumbnails } from "./pictures.ts";
import type { Progress, Training } from "./run.ts";
import type { Text } from "./text.ts";

export function showTrain(
  host: HTMLElement,
  studio: Studio,
  run: Training,
  entered: Entered,
  text: Text,
): () => void {
  const status = h("p", { class: "status", id: "train-status", attrs: { role: "status" } }, text.ready);
  const speed = h("p", { class: "quiet-text speed" });
  const bar = h("progress", { max: 1, value: 0, attrs: { "aria-label": text.settings } });
  const failure = h("div", { id: "train-failure" });
  const remarks = h("div", { id: "train-remarks", attrs: { role: "status" } });
  const edited = h("p", { class: "note small", hidden: true, id: "train-edited" }, text.edited);
  const rows = h("tbody", {});
  const samples = h("section", { class: "card", hidden: true });
  const curves = chart(text);
  const table = h("section", { class: "card", hidden: true }, h("h2", {}, text.table), tableOf(rows, text));

  const begin = (model: CompiledModel): void => {
    const { source, chosen, settings } = entered;
    void run.begin({
      model,
      settings,
      target: studio.target.value,
      data: async () =>
        prepared(
          source === "shapes" ? drawnShapes(settings.limit) : await readIdxFiles(chosen),
          model.graph,
          settings.limit,
        ),
    });
  };
  const submitted = (): void => {
    const { phase } = run.progress.value;
    const model = studio.model.value;
    if (phase === "training") run.pause();
    else if (phase === "paused" || canGoOn()) void run.resume(entered.settings.epochs);
    else if (model && (phase === "idle" || phase === "done" || phase === "stopped")) begin(model);
  };
  /** Whether more epochs are wanted of a training that is done. */
  const canGoOn = (): boolean =>
    run.progress.value.phase === "done" && entered.settings.epochs > run.finished && !lastEdited();
  const lastEdited = (): boolean => {
    const { model } = run.progress.value;
    return model !== undefined && model.source !== studio.model.value?.source;
  };
  const changed = (): void => {
    run.setRate(entered.settings.lr);
    show(run.progress.value);
  };
  const settings = form(entered, text, changed, submitted);
  const { go, stop, save, use } = settings.buttons;
  stop.addEventListener("click", () => void run.stop());
  save.addEventListener("click", () => download(run, entered));
  use.addEventListener("click", () => {
    const weights = run.weights();
    const { data, model } = run.progress.value;
    if (!weights || !data || !model) return;
    const name = text.weightsName(
      model.name,
      `${Number(lastEpoch(run.progress.value).toFixed(2))}`,
      setName(data.name),
    );
    studio.weights.set(
      remember(weights, {
        kind: "trained",
        name,
        metadata: learnt(data, model),
        samples: examples(data.test),
      }),
    );
    studio.show("try");
  });
  const setName = (name: string): string => text.setNames[name] ?? name;

  let pictured: Progress["data"];
  let listed: Progress["epochs"] | undefined;
  const show = (progress: Progress): void => {
    const { phase, points, epochs, data, model, learned } = progress;
    settings.set(phase);
    const going = phase === "training" || phase === "pausing";
    go.textContent =
      phase === "training" ? text.pause : phase === "paused" || canGoOn() ? text.resume : text.train;
    go.disabled = unusable || phase === "preparing" || phase === "pausing" || studio.model.value === null;
    stop.disabled = !(phase === "training" || phase === "paused");
    save.disabled = use.disabled = !learned || going;
    const total = entered.settings.epochs;
    curves.draw(points, going ? (progress.settings?.epochs ?? total) : total);
    bar.value = phase === "done" ? 1 : lastEpoch(progress) / Math.max(1, progress.settings?.epochs ?? total);
    status.textContent = words(progress, run.finished, text);
    const rate = progress.examplesPerSecond;
    speed.textContent = rate === undefined ? "\u00a0" : text.perSecond(Math.round(rate).toLocaleString("en"));
    edited.hidden = !(model && phase !== "idle" && lastEdited());
    showFailure(failure, progress, text);
    showRemarks(remarks, progress);
    if (listed !== epochs) listEpochs(rows, epochs);
    listed = epochs;
    table.hidden = epochs.length === 0;
    if (pictured !== data) {
      pictured = data;
      samples.hidden = !data;
      if (data) {
        const count = (n: number): string => n.toLocaleString("en");
        const line = text.learnsFrom(setName(data.name), count(data.train.rows), count(data.test.rows));
        fill(samples, h("h2", {}, text.pictures), h("p", { class: "quiet-text small" }, line));
        samples.append(thumbnails(data.train, text.classNumber));
      }
    }
  };

  let unusable = false;
  let here = true;
  studio.device().catch((error: Error) => {
    if (!here) return;
    unusable = true;
    go.disabled = true;
    fill(failure, h("div", { class: "note bad", attrs: { role: "alert" } }, sentence(error.message)));
  });

  const drop = h("p", { class: "drop-here", hidden: true }, text.dropHere);
  fill(
    host,
    settings.element,
    h(
      "div",
      { class: "main" },
      h(
        "section",
        { class: "card", attrs: { "aria-labelledby": "train-curves" } },
        h("div", { class: "head" }, h("h2", { id: "train-curves" }, text.curves), speed),
        curves.element,
        bar,
        status,
        failure,
        remarks,
        edited,
      ),
      table,
      samples,
    ),
    drop,
  );
  const about = settings.element.querySelector(".about-model");
  const sayModel = (): void => {
    const model = studio.model.value;
    const without = studio.bench.status.value.kind === "failed" ? text.noModel : text.compiling;
    if (about)
      about.textContent = model
        ? text.model(model.name, parameterCount(model.graph).toLocaleString("en"))
        : without;
  };
  const stops = [
    run.progress.watch(show),
    studio.model.watch(() => {
      sayModel();
      show(run.progress.value);
    }),
    studio.bench.status.watch(() => sayModel()),
    listenForFiles(host, settings.takeFiles, (over) => {
      drop.hidden = !over;
    }),
    curves.destroy,
    () => {
      here = false;
    },
  ];
  return () => {
    for (const each of stops) each();
  };
}

/** Where training is, in epochs. */
function lastEpoch({ step }: Progress): number {
  return step ? step.epoch - 1 + step.stepInEpoch / step.stepsPerEpoch : 0;
}

function words({ phase, work, kernels, step, settings }: Progress, finished: number, text: Text): string {
  switch (phase) {
    case "idle":
      return text.ready;
    case "preparing":
      return work === "kernels" ? text.buildingKernels(kernels) : text.makingPictures;
    case "training":
      return step
        ? text.at(step.epoch, settings?.epochs ?? 0, step.stepInEpoch, step.stepsPerEpoch)
        : text.buildingKernels(kernels);
    case "pausing":
      return text.pausing;
    case "paused":
      return text.paused(step?.step ?? 0);
    case "stopped":
      return text.stopped(finished);
    case "done":
      return text.done(finished);
  }
}

function showRemarks(place: HTMLElement, { remarks }: Progress): void {
  const texts = remarks.map(formatDiagnosis);
  const shown = texts.join("\n");
  if (place.dataset["shown"] === shown) return; // a reader that speaks says it once
  place.dataset["shown"] = shown;
  fill(place, ...texts.map((text) => h("div", { class: "note" }, text)));
}

function showFailure(place: HTMLElement, { failure, phase }: Progress, text: Text): void {
  if (!failure) {
    if (place.querySelector(".of-run")) fill(place);
    return;
  }
  if (place.dataset["message"] === failure.message && place.childElementCount > 0) return;
  place.dataset["message"] = failure.message;
  const { diverged } = failure;
  const lines = diverged
    ? [
        h("strong", {}, text.diverged),
        h("p", {}, sentence(diverged.problem)),
        diverged.where !== undefined && h("p", {}, sentence(diverged.where)),
        h("p", {}, text.advice),
      ]
    : [
        sentence(failure.message),
        failure.lost && h("p", {}, phase === "paused" ? text.goOn : text.beginAnew),
      ];
  fill(place, h("div", { class: "note bad of-run", attrs: { role: "alert" } }, ...lines));
}

function tableOf(rows: HTMLElement, { epoch, series, speed }: Text): HTMLElement {
  const heads = [epoch, ...series, speed].map((name) => h("th", { scope: "col" }, name));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), rows));
}

/** The last epoch first: it is the one that is looked for. */
function listEpochs(rows: HTMLElement, epochs: Progress["epochs"]): void {
  fill(
    rows,
    ...epochs
      .toReversed()
      .map(({ epoch, loss, trainAccuracy, testAccuracy = Number.NaN, examplesPerSecond }) =>
        h(
          "tr",
          {},
          h("td", {}, `${epoch}`),
          ...[loss, trainAccuracy, testAccuracy].map((value) => h("td", {}, value.toFixed(3))),
          h("td", {}, Math.round(examplesPerSecond).toLocaleString("en")),
        ),
      ),
  );
}

/** What the weights say of the classes that they have learnt. */
const learnt = ({ train }: Data, { graph }: CompiledModel): Readonly<Record<string, string>> =>
  classesEntry(train.classes, classifierOf(graph).classes);

function download(run: Training, entered: Entered): void {
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
