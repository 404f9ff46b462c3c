/** Measures the schedules of each distinct kernel of a program, and says which one to take. */
import { performance } from "node:perf_hooks";
import { singleShader } from "../../compiler/assemble/single.ts";
import type { Compilation } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import type { Axis } from "../../compiler/ir/expr.ts";
import type { Kernel, Schedule } from "../../compiler/ir/kernel.ts";
import { sizeAt, sizesIn } from "../../compiler/ir/type.ts";
import { visit } from "../../compiler/math/build.ts";
import {
  loopsOf,
  printSchedule,
  trialsOf,
  tunedSchedule,
  workgroupsOf,
} from "../../compiler/strategies/index.ts";
import type { Target } from "../../compiler/strategies/target.ts";
import { WeftError } from "../../contract/errors.ts";
import type { TunedKernel } from "../../contract/tuning.ts";
import type { Work } from "../../runtime/node/index.ts";
import type { Bench, Trial } from "./bench.ts";
import { median, ROUNDS } from "./job.ts";
import { inTime } from "./patience.ts";
import { axesText, type Subject, subjectsOf } from "./subjects.ts";

export interface Found {
  readonly subject: Subject;
  /** Milliseconds of one dispatch, and of building. `tuned` is the default's where nothing was better. */
  readonly default: number;
  readonly tuned: number;
  readonly defaultBuild: number;
  readonly build: number;
  /** Undefined where the compiler's own choice stays. */
  readonly schedule: string | undefined;
  readonly tried: number;
  /** Schedules that were refused, or gave other numbers than the default. */
  readonly rejected: readonly Rejected[];
}

export interface Rejected {
  readonly layers: string;
  readonly schedule: string;
  readonly why: string;
}

export interface SearchOptions {
  readonly bench: Bench;
  readonly compilation: Compilation;
  /** Whose tilings are tried, the compiled one first. */
  readonly targets: readonly [Target, ...Target[]];
  readonly batch: number;
  /** Milliseconds for everything. */
  readonly budget: number;
  readonly onProgress?: (done: number, layers: string) => void;
  /** Called with what was found of each kernel. */
  readonly onFound: (found: Found) => void;
}

const MOST_TRIALS = 40;
/** Slower than the best so far by this at first sight: not looked at again. */
const HOPELESS = 1.3;
const FINALISTS = 4;
/** The winner must save this share of the default's time, and be quicker in all rounds but one. */
const WORTH = 0.03;
/** No kernel may take a shader compiler longer than this, unless the default does. Milliseconds. */
const LONGEST_BUILD = 1500;
/** Milliseconds, and times the default's building, after which the search no longer waits for a schedule. */
const PATIENCE = 30_000;
const PATIENT = 20;

interface Measured {
  readonly schedule: string | undefined;
  readonly work: Work;
  readonly build: number;
  /** Nanoseconds. */
  readonly time: number;
}

/** Nanoseconds: a schedule is built once, and then run as often as its target says. */
type Score = (m: Pick<Measured, "time" | "build">) => number;
const scoring =
  ({ runs }: Target): Score =>
  ({ time, build }) =>
    time + (build * 1e6) / runs;

/** Goes through the run once, and measures each distinct kernel where it first occurs. */
export async function search(options: SearchOptions): Promise<void> {
  const { bench, compilation, budget } = options;
  const { dispatches } = compilation.program;
  const subjects = subjectsOf(compilation);
  const end = performance.now() + budget;
  const weights = await weightsOf(options, subjects);
  let next = 0;
  for (const [i, subject] of subjects.entries()) {
    const at = dispatches.indexOf(subject.whole.dispatch);
    await bench.run(dispatches.slice(next, at));
    next = at;
    const left = weights.slice(i).reduce((a, b) => a + b, 0);
    const share = (end - performance.now()) * ((weights[i] ?? 0) / left);
    const step = (part: number): void => options.onProgress?.(i + part, subject.layers[0] ?? "");
    options.onFound(await searchOne(options, subject, performance.now() + Math.max(0, share), step));
  }
}

/** Time is given by the square root of what a kernel takes in a run: the small ones get some too. */
async function weightsOf({ bench, compilation }: SearchOptions, subjects: readonly Subject[]) {
  const { dispatches } = compilation.program;
  await bench.run(dispatches);
  const times = await bench.measure(await bench.works(subjects.map((s) => s.whole)));
  return subjects.map(({ layers }, i) => Math.sqrt(Math.max(1, (times[i] ?? 0) * layers.length)));
}

async function searchOne(
  options: SearchOptions,
  subject: Subject,
  end: number,
  onProgress: (part: number) => void,
): Promise<Found> {
  const { bench, compilation, targets, batch } = options;
  const [target] = targets;
  const { step, dispatch } = subject;
  const { kernel } = step;
  const { storages } = compilation;
  const scoreOf = scoring(target);
  const rejected: Rejected[] = [];
  const texts = new Set<string>();
  /** Undefined where another schedule gave the same kernel. */
  const build = async (schedule: Schedule): Promise<Trial | undefined> => {
    const { shader, grid } = singleShader(
      { kernel, schedule },
      storages,
      dispatch.layers,
      sizesIn(compilation.graph.inputs.map((i) => i.node.type.shape)),
    );
    if (texts.has(shader.wgsl)) return undefined;
    texts.add(shader.wgsl);
    return bench.trial(subject, shader, grid);
  };
  const timeOf = async (work: Work): Promise<number> => (await bench.measure([work], subject))[0] ?? 0;

  const plain = must(await build(step.schedule), "the default's kernel");
  const expected = await bench.result(plain, subject);
  await timeOf(plain.work);
  const time = await timeOf(plain.work);
  const building = (trial: Trial, first: number, steady: number): number =>
    trial.build + Math.max(0, first - steady / 1e6);
  const usual: Measured = {
    schedule: undefined,
    work: plain.work,
    build: building(plain, expected.milliseconds, time),
    time,
  };
  const own = printSchedule(kernel, step.schedule);
  const known = new Set([own]);
  const measured: Measured[] = [];
  let tried = 0;

  const first = async (schedule: Schedule) => {
    const trial = await build(schedule);
    return trial && { trial, got: await bench.result(trial, subject) };
  };
  const layers = subject.layers[0] ?? "";
  const patience = Math.max(PATIENCE, PATIENT * usual.build);
  const attempt = async (text: string): Promise<void> => {
    const schedule = tunedSchedule(kernel, text);
    if (!schedule || known.has(text)) return;
    known.add(text);
    const reject = (why: string): void => {
      rejected.push({ layers, schedule: text, why });
    };
    try {
      const made = await inTime(first(schedule), patience, layers);
      if (!made) return;
      tried++;
      const { trial, got } = made;
      const terms = summands(kernel, batch);
      const offs = got.data.map((data, i) => deviation(data, must(expected.data[i], "result"), terms));
      const off = offs.find((o) => o !== undefined);
      if (off !== undefined) return reject(off);
      const once = await timeOf(trial.work);
      const best = Math.min(usual.time, ...measured.map((m) => m.time));
      if (once > 2 * HOPELESS * best) return;
      const quick = Math.min(once, await timeOf(trial.work));
      const built = building(trial, got.milliseconds, quick);
      const slow = built > LONGEST_BUILD && built > usual.build;
      if (quick < HOPELESS * best && !slow)
        measured.push({ schedule: text, work: trial.work, build: built, time: quick });
    } catch (error) {
      if (!(error instanceof WeftError) || error.code === "device-lost") throw error;
      reject(error.message);
    }
  };
  /** The best so far, the default among them. */
  const leaders = (count: number): readonly string[] =>
    [usual, ...measured]
      .toSorted((a, b) => scoreOf(a) - scoreOf(b))
      .slice(0, count)
      .map((m) => m.schedule ?? own);
  const over = (): boolean => performance.now() > end;

  // The default with its loops the other way comes early: it says most where loops matter.
  const promising = trialsOf(kernel, targets, storages, MOST_TRIALS);
  const trials = promising.toSpliced(2, 0, ...loopsOf(kernel, own, target));
  for (const [i, data] of trials.entries()) {
    if (i > 0 && over()) break; // each kernel gets one chance at least
    onProgress(i / (trials.length + 1));
    await attempt(data);
  }
  for (const data of leaders(FINALISTS).flatMap((l) => loopsOf(kernel, l, target)))
    if (!over()) await attempt(data);
  for (const data of leaders(1).flatMap((l) => workgroupsOf(kernel, l))) if (!over()) await attempt(data);
  const winner = await final(bench, subject, [usual, ...measured], scoreOf);
  return {
    subject,
    default: winner.default.time / 1e6,
    tuned: winner.best.time / 1e6,
    defaultBuild: usual.build,
    build: winner.best.build,
    schedule: winner.best.schedule,
    tried,
    rejected,
  };
}

/** The best few and the default, measured in turns: what the machine does besides falls on all of them. */
async function final(
  bench: Bench,
  subject: Subject,
  [usual, ...measured]: readonly [Measured, ...Measured[]],
  scoreOf: Score,
): Promise<{ readonly default: Measured; readonly best: Measured }> {
  const best = measured.toSorted((a, b) => scoreOf(a) - scoreOf(b)).slice(0, FINALISTS);
  const all = [usual, ...best];
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push(
      await bench.measure(
        all.map((m) => m.work),
        subject,
      ),
    );
  const ahead = (i: number): boolean => rounds.filter((r) => (r[i] ?? 0) < (r[0] ?? 0)).length >= ROUNDS - 1;
  const timed = all.flatMap((m, i): Measured[] =>
    i === 0 || ahead(i) ? [{ ...m, time: median(rounds.map((r) => r[i] ?? 0)) }] : [],
  );
  const [first, ...others] = timed;
  const own = must(first, "default");
  const winner = others.toSorted((a, b) => scoreOf(a) - scoreOf(b))[0];
  const won = winner && scoreOf(winner) < scoreOf(own) && winner.time < (1 - WORTH) * own.time;
  return { default: own, best: won ? winner : own };
}

/** The terms of the longest sum that makes one number. */
function summands(kernel: Kernel, batch: number): number {
  const count = (axes: readonly Axis[]): number => axes.reduce((a, x) => a * sizeAt(x.extent, batch), 1);
  let most = kernel.kind === "contraction" ? count(kernel.k) : 1;
  for (const { value } of kernel.results)
    visit(value, (e) => {
      if (e.kind === "reduce") most = Math.max(most, count(e.axes));
    });
  return most;
}

/**
 * What is wrong with numbers that should be the same but for rounding: an f32 sum of n terms is off by some √n · 2⁻²⁴
 * of their size; sixteen times that is allowed, and never less than 1e-5 of the largest result.
 */
export function deviation(got: Float32Array, want: Float32Array, terms: number): string | undefined {
  const largest = want.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const allowed = Math.max(1e-5, Math.sqrt(terms) * 16 * 2 ** -24) * largest;
  let [worst, at] = [0, -1];
  for (const [i, x] of got.entries()) {
    const off = Math.abs(x - (want[i] ?? Number.NaN));
    if (off <= worst) continue;
    [worst, at] = [Number.isNaN(off) ? Number.POSITIVE_INFINITY : off, i];
  }
  if (worst <= allowed) return undefined;
  return `element ${at} is ${got[at]}, the default's ${want[at]}: ${(worst / largest).toExponential(1)} of the largest`;
}

/** What goes into the file. */
export function tunedKernels(found: readonly Found[]): Readonly<Record<string, TunedKernel>> {
  const round = (ms: number): number => Number(ms.toPrecision(4));
  return Object.fromEntries(
    found.flatMap(({ subject, schedule, ...times }): (readonly [string, TunedKernel])[] =>
      schedule
        ? [
            [
              subject.key,
              {
                layers: subject.layers.join(", "),
                kernel: axesText(subject.step.kernel),
                schedule,
                default: round(times.default),
                tuned: round(times.tuned),
                defaultBuild: round(times.defaultBuild),
                build: round(times.build),
              },
            ],
          ]
        : [],
    ),
  );
}
