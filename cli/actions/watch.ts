/** What `weft compile --watch` does: a build, and another whenever a file of the model has changed. */
import { resolve } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { uiOf } from "../common.ts";
import { type Built, build, type CompileOptions, checkFlags } from "../compile/build.ts";
import { EXIT_INTERRUPTED, EXIT_TERMINATED, reportFailure } from "../failure.ts";
import { shownPath } from "../files.ts";
import { onInterrupt } from "../signals.ts";
import type { Ui } from "../ui.ts";
import { type Changes, changesOf, changesText, type Kernels, kernelsOf } from "../watch/changes.ts";
import { changed, contentOf, contents, neighboursOf } from "../watch/files.ts";
import { show } from "./compile.ts";

/** Ends at Ctrl-C alone; the exit code. Throws `UserError` for flags that do not go together. */
export async function watchModel(file: string, options: CompileOptions): Promise<number> {
  const ui = uiOf(options);
  checkFlags(options);
  const stop = new AbortController();
  let code = EXIT_INTERRUPTED;
  const off = onInterrupt((signal) => {
    code = signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    stop.abort();
  });
  let files: readonly string[] = [resolve(file)];
  let last: Kernels | undefined;
  try {
    ui.note(`watching ${shownPath(resolve(file))} and what it imports; Ctrl-C ends`);
    while (!stop.signal.aborted) {
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
        const built = await build(file, options, ui, onRead);
        files = [...built.sources.keys()];
        const now = kernels(built);
        report(built, last && changesOf(last, now), now.size, performance.now() - start, options, ui);
        last = now;
      } catch (error) {
        failed = true;
        files = [...new Set([...files, ...read, ...placeOf(error)])];
        failure(error, options, ui);
      }
      await changed({ files, before, ...(failed ? { beside } : {}) }, stop.signal);
    }
  } finally {
    off();
  }
  return code;
}

/** Those of the training step count too: `train: conv1`. */
function kernels({ compilation, training }: Built): Kernels {
  const step = training ? kernelsOf(training.step.kernels, "train: ") : [];
  return new Map([...kernelsOf(compilation.program.kernels), ...step]);
}

function report(
  built: Built,
  changes: Changes | undefined,
  count: number,
  milliseconds: number,
  options: CompileOptions,
  ui: Ui,
): void {
  const { name } = built.compilation.program;
  const { format, out } = options;
  if (format === "json") {
    const what = { time: new Date().toISOString(), model: name, milliseconds: Math.round(milliseconds) };
    ui.out(JSON.stringify({ ...what, kernels: count, ...(changes ?? {}) }));
    return;
  }
  const what = changes ? changesText(changes) : `${count} ${plural(count, "kernel")}`;
  const where = out === undefined ? "" : `; written to ${shownPath(resolve(out))}`;
  ui.out(
    `${ui.colors.dim(clock())} ${ui.colors.green(name)}: ${what}${where} (${Math.round(milliseconds)} ms)`,
  );
  if (options.show) show(options.show, built.shown(), format, ui);
}

function failure(error: unknown, { format }: CompileOptions, ui: Ui): void {
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
