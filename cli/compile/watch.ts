/** `weft compile --watch`: a build, and another whenever a file of the model has changed. */
import { resolve } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { reportFailure } from "../failure.ts";
import { shownPath } from "../files.ts";
import { printStage, type Stage } from "../output/stages.ts";
import type { Ui } from "../ui.ts";
import { changed, contentOf, contents, neighboursOf } from "../watch.ts";
import { type Built, build, type Request } from "./build.ts";
import { type Changes, changesOf, changesText, type Kernels, kernelsOf } from "./changes.ts";

/** What is printed of each build. */
export interface Printed {
  readonly format: string;
  readonly show?: Stage;
}

/** Goes on until the signal is aborted. */
export async function watch(
  file: string,
  request: Request,
  printed: Printed,
  ui: Ui,
  stop: AbortSignal,
): Promise<void> {
  let files: readonly string[] = [resolve(file)];
  let last: Kernels | undefined;
  ui.note(`watching ${shownPath(resolve(file))} and what it imports; Ctrl-C ends`);
  while (!stop.aborted) {
    const before = new Map(await contents(files));
    const beside = neighboursOf(files);
    const start = performance.now();
    let failed = false;
    // What is read for the first time counts from here: it may change while the build still runs.
    const read = new Set<string>();
    const onRead = (path: string): void => {
      read.add(path);
      before.set(path, contentOf(path));
    };
    try {
      const built = await build(file, request, ui, onRead);
      files = [...built.sources.keys()];
      const now = kernels(built);
      const changes = last && changesOf(last, now);
      report(built, { changes, count: now.size, milliseconds: performance.now() - start }, printed, ui);
      last = now;
    } catch (error) {
      failed = true;
      files = [...new Set([...files, ...read, ...placeOf(error)])];
      failure(error, printed, ui);
    }
    await changed({ files, before, ...(failed ? { beside } : {}) }, stop);
  }
}

/** Those of the training step count too: `train: conv1`. */
function kernels({ compilation, training }: Built): Kernels {
  const step = training ? kernelsOf(training.step.kernels, "train: ") : [];
  return new Map([...kernelsOf(compilation.program.kernels), ...step]);
}

interface News {
  /** Since the build before, if there was one. */
  readonly changes: Changes | undefined;
  /** Of kernels. */
  readonly count: number;
  readonly milliseconds: number;
}

function report(built: Built, news: News, { format, show }: Printed, ui: Ui): void {
  const { name } = built.compilation.program;
  const { changes, count } = news;
  const milliseconds = Math.round(news.milliseconds);
  if (format === "json") {
    const what = { time: new Date().toISOString(), model: name, milliseconds };
    ui.out(JSON.stringify({ ...what, kernels: count, ...(changes ?? {}) }));
    return;
  }
  const what = changes ? changesText(changes) : `${count} ${plural(count, "kernel")}`;
  const where = built.emitted ? `; written to ${shownPath(built.emitted.folder)}` : "";
  ui.out(`${ui.colors.dim(clock())} ${ui.colors.green(name)}: ${what}${where} (${milliseconds} ms)`);
  if (show) printStage(show, built.shown(), format, ui);
}

function failure(error: unknown, { format }: Printed, ui: Ui): void {
  if (format === "json" && error instanceof UserError)
    ui.out(JSON.stringify({ time: new Date().toISOString(), error: error.message }));
  else {
    process.stderr.write(`${clock()} `);
    reportFailure(error);
  }
}

/** The file that an error is about, which may be one that the model imports. */
function placeOf(error: unknown): readonly string[] {
  const at = error instanceof UserError ? error.diagnosis.at : undefined;
  return at ? [resolve(at.file)] : [];
}

/** `14:03:07` */
const clock = (): string => new Date().toTimeString().slice(0, 8);
