// The page: settings in, curves out. The training step was compiled ahead by `weft compile --train`.
import type { Epoch, Trainer } from "weftgpu/train";
import type { EpochPoint } from "../../cli/output/curve.ts";
import { drawCurves, showLegend } from "./chart.ts";
import { type Data, drawn, firstOf, readFiles, SIDE } from "./data.ts";
import { createTrainer, writeSafetensors } from "./lenet.train.bundle.js";

/** The points of an epoch that the curves show, as in the lecture. */
const POINTS = 5;
/** How many pictures of the set are shown. */
const SHOWN = 20;

function byId<T extends Element>(id: string, kind: { new (): T }): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no #${id}`);
  return found;
}

const form = byId("settings", HTMLFormElement);
const go = byId("go", HTMLButtonElement);
const again = byId("again", HTMLButtonElement);
const save = byId("save", HTMLButtonElement);
const files = byId("files", HTMLInputElement);
const plot = byId("plot", SVGElement);
const legend = byId("legend", HTMLElement);
const progress = byId("progress", HTMLProgressElement);
const status = byId("status", HTMLElement);
const failure = byId("failure", HTMLElement);
const numberOf = (id: string): number => byId(id, HTMLInputElement).valueAsNumber;

/** A training that has begun. */
interface Run {
  readonly trainer: Trainer;
  readonly data: Data;
  readonly batch: number;
  readonly points: EpochPoint[];
}

let run: Run | undefined;
let stop: AbortController | undefined;
let read: Data | undefined;
let lost = false;

/** `?device=wasm` or `webgpu`: to compare them. Else a GPU, and WebAssembly where there is none. */
const device = (): "auto" | "webgpu" | "wasm" => {
  const [, kind = "auto"] = /[?&]device=(webgpu|wasm)\b/.exec(location.search) ?? [];
  return kind as "auto" | "webgpu" | "wasm"; // what the pattern takes
};

/** Not by FormData, which leaves out what is disabled. */
const chosen = (): string | undefined => form.querySelector<HTMLInputElement>("[name=data]:checked")?.value;

async function dataOf(limit: number): Promise<Data> {
  if (chosen() !== "files") return drawn(limit);
  read ??= await readFiles([...(files.files ?? [])]);
  return firstOf(read, limit);
}

async function begin(): Promise<Run> {
  status.textContent = "Getting the pictures …";
  await new Promise(requestAnimationFrame); // shows the line before the work begins
  const data = await dataOf(numberOf("limit"));
  showPictures(data);
  status.textContent = "Building the kernels …";
  const trainer = await createTrainer({ seed: 0, device: device() });
  const { kind, text = "" } = trainer.runsOn ?? {};
  byId("device", HTMLElement).textContent =
    `Computed ${kind === "wasm" ? `in ${text}` : `by WebGPU${text && `, ${text}`}`}`;
  return {
    trainer,
    data,
    batch: Math.min(numberOf("batch"), data.train.labels.length),
    points: [],
  };
}

/** What can be changed while, and after, something is trained. */
function show(): void {
  const running = stop !== undefined;
  const { position } = run?.trainer ?? {};
  const begun = (position?.step ?? 0) > 0;
  const done = begun && (position?.epoch ?? 0) >= numberOf("epochs"); // more epochs go on
  go.disabled = !running && done;
  go.textContent = running ? "Pause" : done ? "Done" : begun ? "Resume" : "Train";
  again.disabled = running || !run;
  save.disabled = running || !begun;
  for (const id of ["batch", "limit", "files"])
    byId(id, HTMLInputElement).disabled = running || run !== undefined;
  for (const radio of form.querySelectorAll<HTMLInputElement>("[name=data]"))
    radio.disabled = running || run !== undefined;
  byId("epochs", HTMLInputElement).disabled = running;
  byId("choose", HTMLElement).hidden = chosen() !== "files";
}

function draw(): void {
  const points = run?.points ?? [];
  drawCurves(plot, points, numberOf("epochs") || 1);
  showLegend(legend, points);
}

async function train(): Promise<void> {
  failure.textContent = "";
  stop = new AbortController();
  show();
  const { signal } = stop;
  try {
    run ??= await begin();
    const { trainer, data, batch, points } = run;
    if (lost) await trainer.reload();
    lost = false;
    const epochs = numberOf("epochs");
    const options = {
      epochs,
      batch,
      test: data.test,
      signal,
      schedule: () => numberOf("rate") || 0.9, // may be changed while it trains
      onStep: ({ epoch, stepInEpoch, stepsPerEpoch, loss, trainAccuracy }: Step) => {
        const at = epoch - 1 + stepInEpoch / stepsPerEpoch;
        progress.value = at / epochs;
        status.textContent = `Epoch ${epoch} of ${epochs}, step ${stepInEpoch} of ${stepsPerEpoch}`;
        const due = Math.max(1, Math.floor(stepsPerEpoch / POINTS));
        if (stepInEpoch % due !== 0 || stepInEpoch === stepsPerEpoch) return;
        points.push({ epoch: at, loss, trainAccuracy, testAccuracy: Number.NaN });
        draw();
      },
    };
    for await (const epoch of trainer.fit(data.train, options)) finished(epoch, points);
    const { epoch } = trainer.position;
    status.textContent =
      epoch < epochs
        ? `Paused after ${trainer.position.step} steps`
        : `Trained for ${epoch} ${epoch === 1 ? "epoch" : "epochs"}`;
  } catch (error) {
    lost = error instanceof Error && "code" in error && error.code === "device-lost";
    status.textContent = run && run.trainer.position.step > 0 ? "Stopped; the last state is kept" : "Stopped";
    failure.textContent = error instanceof Error ? error.message : String(error);
    if (run && run.trainer.position.step === 0) startOver();
  } finally {
    stop = undefined;
    show();
    draw();
  }
}

type Step = {
  epoch: number;
  stepInEpoch: number;
  stepsPerEpoch: number;
  loss: number;
  trainAccuracy: number;
};

function finished(
  { epoch, loss, trainAccuracy, testAccuracy = Number.NaN, examplesPerSecond }: Epoch,
  points: EpochPoint[],
): void {
  points.push({ epoch, loss, trainAccuracy, testAccuracy });
  const row = byId("table", HTMLElement).appendChild(document.createElement("tr"));
  const figures = [loss, trainAccuracy, testAccuracy].map((value) => value.toFixed(3));
  for (const text of [`${epoch}`, ...figures, Math.round(examplesPerSecond).toLocaleString("en")])
    row.appendChild(document.createElement("td")).textContent = text;
  plot.setAttribute(
    "aria-label",
    `After epoch ${epoch}: train loss ${figures[0]}, train accuracy ${figures[1]}, test accuracy ${figures[2]}`,
  );
  draw();
}

function startOver(): void {
  run?.trainer.destroy();
  run = undefined;
  progress.value = 0;
  byId("table", HTMLElement).replaceChildren();
}

/** One picture after the other, with the names of their classes. */
function showPictures({ train, classes }: Data): void {
  const shown = Array.from({ length: Math.min(SHOWN, train.labels.length) }, (_, i) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const pixels = new ImageData(SIDE, SIDE);
    train.images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE).forEach((value, k) => {
      pixels.data.set([value, value, value, 255], 4 * k);
    });
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    const label = train.labels[i] ?? 0;
    const item = document.createElement("li");
    item.append(canvas, classes[label] ?? `class ${label}`);
    return item;
  });
  byId("pictures", HTMLElement).replaceChildren(...shown);
}

function download(): void {
  if (!run) return;
  const { trainer, data } = run;
  // What Weft shows their scores with.
  const told = data.classes.length > 0 ? { classes: JSON.stringify(data.classes) } : {};
  const bytes = writeSafetensors(trainer.weights(), told);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = "lenet.safetensors";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (stop) stop.abort();
  else void train();
});
form.addEventListener("input", show);
files.addEventListener("change", () => {
  read = undefined;
  const count = files.files?.length ?? 0;
  byId("files-hint", HTMLElement).textContent = [...(files.files ?? [])].map((f) => f.name).join(", ");
  if (count > 0) failure.textContent = "";
});
again.addEventListener("click", () => {
  startOver();
  status.textContent = "Ready";
  failure.textContent = "";
  show();
  draw();
});
save.addEventListener("click", download);
new ResizeObserver(draw).observe(byId("legend", HTMLElement));
byId("epochs", HTMLInputElement).addEventListener("input", draw);

show();
draw();
