/** What `weft train` does. */
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { compileTraining } from "../../compiler/train/index.ts";
import { WeftError } from "../../runtime/errors.ts";
import type { AdapterChoice } from "../../runtime/node/index.ts";
import { constant, cosine, createTrainer, type DataSet, type Trainer } from "../../runtime/train.ts";
import { classifierOf } from "../classifier.ts";
import { type CommonOptions, uiOf } from "../common.ts";
import { openData } from "../data/index.ts";
import type { DataSet as Labelled } from "../data/set.ts";
import { type Opened, openDevice } from "../device.ts";
import { shownPath } from "../files.ts";
import type { EpochPoint } from "../output/curve.ts";
import { Live, lectureLine } from "../output/curveLive.ts";
import { curveSvg, requirePlotName, writePlot } from "../output/plot.ts";
import { checkpointPath, protect, readSaved, type Saved, save } from "../training/saved.ts";
import { type Given, optimizerOf, type Settings, settle } from "../training/settings.ts";
import type { Ui } from "../ui.ts";
import { requireWritableFile } from "../write.ts";

export interface TrainOptions extends CommonOptions, Given {
  readonly dataDir?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly plot?: string;
  readonly adapter?: AdapterChoice;
}

/** Steps after which a checkpoint is written within a long epoch. */
const CHECKPOINT_STEPS = 500;
/** How often a lost device is replaced. */
const DEVICES = 3;

/** False where it was interrupted. Everything that can be wrong with the files is found before a device is asked for. */
export async function train(file: string, options: TrainOptions): Promise<boolean> {
  const ui = uiOf(options);
  if (options.resume && options.restart)
    throw new UserError({ problem: "--resume and --restart exclude each other", fix: "leave one out" });
  if (options.plot !== undefined) requirePlotName(options.plot);
  const { graph } = await loadModel(file);
  const { input, classes } = classifierOf(graph);
  const out = options.out ?? `${graph.name}.safetensors`;
  const saved = options.resume ? await readSaved(out) : undefined;
  if (!options.resume && !options.restart) await protect(out, options.out !== undefined);
  const settings = settle(options, saved?.settings);
  const training = compileTraining(graph, { optimizer: optimizerOf(settings) });
  const { dataDir } = options;
  const data = await openData({ ...settings, ...(dataDir === undefined ? {} : { dataDir }) }, input, classes);
  if (settings.batch > data.train.rows)
    throw new UserError({
      problem: `--batch ${settings.batch} is larger than the ${data.train.rows} examples of ${data.name}`,
      rule: "a step takes at most all examples",
      fix: `--batch ${Math.min(64, data.train.rows)}`,
    });
  for (const path of [out, checkpointPath(out), options.plot])
    if (path !== undefined) await requireWritableFile(path);

  const run = new Run(ui, options, settings, out, data.train.rows, saved?.history ?? []);
  const opened = await openDevice(ui, options.adapter);
  run.devices.push(opened);
  try {
    const trainer = await createTrainer(training, {
      device: opened.device,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(saved ? { checkpoint: saved.checkpoint } : {}),
    }).catch((error: unknown) => {
      throw saved ? aboutCheckpoint(error, out) : error;
    });
    if (saved) announce(saved, trainer, settings, ui);
    const finished = await run.fit(trainer, asBytes(data.train, classes), asBytes(data.test, classes));
    trainer.destroy();
    if (options.plot !== undefined && run.history.length > 0)
      await writePlot(options.plot, curveSvg(run.history, `${graph.name} on ${data.name}`));
    report(run, finished, file, ui);
    return finished;
  } finally {
    for (const { close } of run.devices) close();
  }
}

const asBytes = ({ images, labels }: Labelled, classes: number): DataSet => ({ images, labels, classes });

function aboutCheckpoint(error: unknown, out: string): unknown {
  if (!(error instanceof WeftError) || (error.code !== "weights" && error.code !== "input")) return error;
  return new UserError({
    problem: `${shownPath(checkpointPath(out))} cannot be resumed: ${error.message.replace(/^(checkpoint|weights): /, "")}`,
    rule: "a checkpoint goes on with the model, the optimiser and the seed that it was made with",
    fix: "give the same model and flags as before, or begin anew with another --out",
  });
}

function announce({ epoch }: Saved, { position }: Trainer, { epochs }: Settings, ui: Ui): void {
  const within = position.stepInEpoch > 0 ? ` and ${position.stepInEpoch} steps` : "";
  if (epoch >= epochs) ui.note(`already trained for ${epoch} epochs; --epochs ${epoch + 10} goes on`);
  else ui.note(`going on after ${epoch} epochs${within}`);
}

/** One training from its first step to its last, as far as it gets. */
class Run {
  readonly ui: Ui;
  readonly options: TrainOptions;
  readonly settings: Settings;
  readonly out: string;
  readonly rows: number;
  readonly devices: Opened[] = [];
  history: readonly EpochPoint[];
  examples = 0;
  seconds = 0;

  constructor(
    ui: Ui,
    options: TrainOptions,
    settings: Settings,
    out: string,
    rows: number,
    history: readonly EpochPoint[],
  ) {
    this.ui = ui;
    this.options = options;
    this.settings = settings;
    this.out = out;
    this.rows = rows;
    this.history = history;
  }

  get adapter(): string {
    return this.devices.at(-1)?.name ?? "";
  }

  save(trainer: Trainer): Promise<void> {
    return save(this.out, trainer.weights(), trainer.checkpoint(), this.history, this.settings);
  }

  /** Whether all epochs were done. What was reached is on the disk when it ends, however it ends. */
  async fit(trainer: Trainer, data: DataSet, test: DataSet): Promise<boolean> {
    const { epochs } = this.settings;
    const { format, quiet = false } = this.options;
    const live = new Live({ epochs, rows: this.rows, format, quiet, ui: this.ui });
    const stop = new AbortController();
    const interrupt = (signal: NodeJS.Signals): void => {
      if (stop.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
      stop.abort();
      live.stop();
      this.ui.note("finishing the step and saving; once more stops at once");
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
    try {
      while (!(await this.#attempt(trainer, data, test, live, stop.signal))) {
        const lost = await openDevice(this.ui, this.options.adapter);
        this.devices.push(lost);
        await trainer.reload(lost.device);
      }
      await this.save(trainer);
    } finally {
      live.stop();
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    }
    return trainer.position.epoch >= epochs;
  }

  /** False where the device was lost and another may do. */
  async #attempt(
    trainer: Trainer,
    data: DataSet,
    test: DataSet,
    live: Live,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { epochs, batch, schedule } = this.settings;
    try {
      const fit = trainer.fit(data, {
        epochs,
        batch,
        test,
        signal,
        schedule: schedule === "cosine" ? cosine() : constant(),
        checkpointEvery: CHECKPOINT_STEPS,
        onStep: ({ epoch, stepInEpoch }) => {
          if (!signal.aborted) live.step(epoch, Math.min(this.rows, stepInEpoch * batch));
        },
        // At the end of an epoch its figures are still to come: it is saved together with them below.
        onCheckpoint: async () => {
          if (trainer.position.stepInEpoch > 0) await this.save(trainer);
        },
      });
      for await (const { epoch, loss, trainAccuracy, testAccuracy = Number.NaN, ...time } of fit) {
        this.history = [
          ...this.history.filter((p) => p.epoch < epoch),
          { epoch, loss, trainAccuracy, testAccuracy },
        ];
        this.examples += time.examplesPerSecond * time.seconds;
        this.seconds += time.seconds;
        await this.save(trainer);
        live.epoch(this.history, time.examplesPerSecond);
      }
      return true;
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      if (error.code === "device-lost" && this.devices.length < DEVICES) {
        this.ui.note(`${error.message}; going on from the last state on a new device`);
        return false;
      }
      if (trainer.position.step > 0) await this.save(trainer);
      throw error.code === "diverged" ? this.#diverged(error, trainer) : error;
    }
  }

  #diverged(error: WeftError, trainer: Trainer): UserError {
    const { step, epoch } = trainer.position;
    const kept = `the state after epoch ${epoch} is in ${shownPath(this.out)}`;
    return new UserError({
      problem: error.message.replace(/;[^;]*$/, ""),
      rule: `training stops where a loss or a weight is no finite number; ${step > 0 ? kept : "nothing was written"}`,
      fix: `a lower learning rate: --lr ${Number((this.settings.lr / 10).toPrecision(2))}`,
    });
  }
}

/** The lecture's two lines, and where everything is. */
function report(run: Run, finished: boolean, file: string, ui: Ui): void {
  const last = run.history.at(-1);
  if (run.options.format === "text" && last) {
    ui.out(lectureLine(last));
    if (run.seconds > 0) ui.out(`${(run.examples / run.seconds).toFixed(1)} examples/sec on ${run.adapter}`);
  }
  const { plot } = run.options;
  const curves = plot !== undefined && run.history.length > 0 ? `; the curves are in ${shownPath(plot)}` : "";
  ui.note(`the weights are in ${shownPath(run.out)}${curves}`);
  if (!finished)
    ui.note(`interrupted and saved; go on with\n  weft train ${file} --out ${shownPath(run.out)} --resume`);
}
