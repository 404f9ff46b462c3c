/** Where training is: the curves, how far it has come, and what is in its way. */
import { formatDiagnosis } from "../../../compiler/errors.ts";
import { fill, h } from "../../dom.ts";
import { sentence } from "../../message.ts";
import { chart } from "./chart.ts";
import { isFlat } from "./hints.ts";
import { lastEpoch, type Progress } from "./run.ts";
import type { Text } from "./text.ts";

export interface Reached {
  readonly progress: Progress;
  /** Epochs that are done. */
  readonly finished: number;
  /** Epochs that are wanted now. */
  readonly wanted: number;
  /** Whether the model is another one than is trained. */
  readonly edited: boolean;
}

export interface ProgressCard {
  readonly element: HTMLElement;
  update(reached: Reached): void;
  /** Why nothing can be trained at all. */
  unusable(message: string): void;
  destroy(): void;
}

export function progressCard(text: Text): ProgressCard {
  const status = h("p", { class: "status", id: "train-status", attrs: { role: "status" } }, text.ready);
  const speed = h("p", { class: "quiet-text speed" });
  const bar = h("progress", { max: 1, value: 0, attrs: { "aria-label": text.settings } });
  const failure = h("div", { id: "train-failure" });
  const remarks = h("div", { id: "train-remarks", attrs: { role: "status" } });
  const note = h("p", { class: "note small", hidden: true, id: "train-edited" }, text.edited);
  const flat = h("p", { class: "note small", hidden: true, id: "train-flat" }, text.flat);
  const curves = chart(text);
  return {
    element: h(
      "section",
      { class: "card", attrs: { "aria-labelledby": "train-curves" } },
      h("div", { class: "head" }, h("h2", { id: "train-curves" }, text.curves), speed),
      curves.element,
      bar,
      status,
      failure,
      remarks,
      flat,
      note,
    ),
    update({ progress, finished, wanted, edited }) {
      const { phase, points, settings, examplesPerSecond: rate } = progress;
      const total = settings?.epochs ?? wanted;
      curves.draw(points, phase === "training" || phase === "pausing" ? total : wanted);
      bar.value = phase === "done" ? 1 : lastEpoch(progress) / Math.max(1, total);
      status.textContent = words(progress, finished, text);
      speed.textContent =
        rate === undefined ? "\u00a0" : text.perSecond(Math.round(rate).toLocaleString("en"));
      note.hidden = !edited;
      flat.hidden = !isFlat(points, progress.data?.train.classes.length ?? 1);
      showFailure(failure, progress, text);
      showRemarks(remarks, progress);
    },
    unusable(message) {
      fill(failure, h("div", { class: "note bad", attrs: { role: "alert" } }, sentence(message)));
    },
    destroy: curves.destroy,
  };
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
