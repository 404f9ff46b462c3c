/** Measures the schedules of each distinct kernel of a program, and says which one to take. */
import { performance } from "node:perf_hooks";
import { tuningKey } from "../../compiler/codegen/shape.ts";
import { singleShader } from "../../compiler/codegen/single.ts";
import type { Compilation } from "../../compiler/compile.ts";
import { must } from "../../compiler/errors.ts";
import type { Kernel, Schedule } from "../../compiler/ir/kernel.ts";
import { ExprPrinter } from "../../compiler/ir/print.ts";
import type { Dispatch } from "../../compiler/ir/program.ts";
import type { Step } from "../../compiler/ir/step.ts";
import type { TunedKernel, TunedSchedule } from "../../compiler/ir/tuning.ts";
import { countAt, elements } from "../../compiler/ir/type.ts";
import type { Target } from "../../compiler/passes/target.ts";
import { trialsOf, tunedSchedule, untuned, workgroupsOf } from "../../compiler/passes/tuning.ts";
import { WeftError } from "../../runtime/errors.ts";
import type { Work } from "../../runtime/node/index.ts";
import type { Bench, Trial } from "./bench.ts";

/** The dispatches that one schedule would serve. */
export interface Subject {
  readonly key: string;
  readonly step: Step;
  readonly dispatch: Dispatch;
  /** The layers of every dispatch: `conv1 → pool1`. */
  readonly layers: readonly string[];
}

export interface Found {
  readonly subject: Subject;
  /** Milliseconds of one dispatch, and of building. `tuned` is the default's where nothing was better. */
  readonly default: number;
  readonly tuned: number;
  readonly defaultBuild: number;
  readonly build: number;
  /** Undefined where the compiler's own choice stays. */
  readonly schedule: TunedSchedule | undefined;
  readonly tried: number;
  /** Schedules that were refused, or gave other numbers than the default. */
  readonly rejected: readonly Rejected[];
}

export interface Rejected {
  readonly layers: string;
  readonly schedule: TunedSchedule;
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
}

const MOST_TRIALS = 40;
/** A schedule is built once and run many times: its building counts as if it were spread over so many runs. */
export const RUNS_PER_BUILD = 1000;
/** Slower than the best so far by this at first sight: not looked at again. */
const HOPELESS = 1.3;
const FINALISTS = 4;
const ROUNDS = 7;
/** The winner must save this share of the default's time, and be quicker in all rounds but one. */
const WORTH = 0.03;
/** No kernel may take a shader compiler longer than this, unless the default does. Milliseconds. */
const LONGEST_BUILD = 1500;

/** The run's dispatches of one kernel each, those of the same kernel together, in the order of execution. */
export function subjectsOf({ program, steps, layouts }: Compilation): readonly Subject[] {
  const found = new Map<string, Subject>();
  for (const dispatch of program.dispatches) {
    const step = steps.find(
      (s) =>
        s.region.nodes.length === dispatch.layers.length &&
        s.region.nodes.every((n, i) => n.origin.name === dispatch.layers[i]),
    );
    if (!step || step.inPlace) continue; // several kernels share it, or it cannot be repeated
    const key = tuningKey(step.kernel, undefined, layouts);
    const before = found.get(key);
    const layers = shortLayers(dispatch.layers);
    found.set(
      key,
      before ? { ...before, layers: [...before.layers, layers] } : { key, step, dispatch, layers: [layers] },
    );
  }
  return [...found.values()];
}

/** `conv1 → pool1` */
function shortLayers(layers: readonly string[]): string {
  const [first = "", last = first] = [layers[0], layers.at(-1)];
  return first === last ? first : `${first} → ${last}`;
}

/** `n<N c<16 h<10 w<10 | c′<6 kh<5 kw<5`: axes in the order of a schedule's `tile` and `unroll`. */
export function axesText(kernel: Kernel): string {
  const print = new ExprPrinter();
  const space = print.axes(kernel.space);
  return kernel.kind === "contraction" ? `${space} | ${print.axes(kernel.k)}` : space;
}

interface Measured {
  readonly schedule: TunedSchedule | undefined;
  readonly work: Work;
  readonly build: number;
  /** Nanoseconds. */
  readonly time: number;
}

const scoreOf = (m: Pick<Measured, "time" | "build">): number => m.time + (m.build * 1e6) / RUNS_PER_BUILD;

/** Goes through the run once, and measures each distinct kernel where it first occurs. */
export async function search(options: SearchOptions): Promise<readonly Found[]> {
  const { bench, compilation, budget } = options;
  const { dispatches } = compilation.program;
  const subjects = subjectsOf(compilation);
  const end = performance.now() + budget;
  const weights = await weightsOf(options, subjects);
  const found: Found[] = [];
  let next = 0;
  for (const [i, subject] of subjects.entries()) {
    const at = dispatches.indexOf(subject.dispatch);
    await bench.run(dispatches.slice(next, at));
    next = at;
    const left = weights.slice(i).reduce((a, b) => a + b, 0);
    const share = (end - performance.now()) * ((weights[i] ?? 0) / left);
    const step = (part: number): void => options.onProgress?.(i + part, subject.layers[0] ?? "");
    found.push(await searchOne(options, subject, performance.now() + Math.max(0, share), step));
  }
  return found;
}

/** Time is given by the square root of what a kernel takes in a run: the small ones get some too. */
async function weightsOf({ bench, compilation }: SearchOptions, subjects: readonly Subject[]) {
  const { dispatches } = compilation.program;
  await bench.run(dispatches);
  const works = await bench.works();
  const first = subjects.map((s) => must(works[dispatches.indexOf(s.dispatch)], "work"));
  const times = await bench.measure(first);
  return subjects.map(({ layers }, i) => Math.sqrt(Math.max(1, (times[i] ?? 0) * layers.length)));
}

async function searchOne(
  options: SearchOptions,
  subject: Subject,
  end: number,
  onProgress: (part: number) => void,
): Promise<Found> {
  const { bench, compilation, targets } = options;
  const { step, dispatch } = subject;
  const { kernel } = step;
  const { layouts } = compilation;
  const bytes = 4 * countAt(elements(step.region.root.type.shape), options.batch);
  const rejected: Rejected[] = [];
  const build = (schedule: Schedule) => {
    const { shader, grid } = singleShader({ kernel, schedule, inPlace: undefined }, layouts, dispatch.layers);
    return bench.trial(dispatch, shader, grid);
  };

  const plain = await build(step.schedule);
  const expected = await bench.result(plain.work, dispatch, bytes);
  const [, time = 0] = await bench.measure([plain.work, plain.work]);
  const building = (trial: Trial, first: number, steady: number): number =>
    trial.build + Math.max(0, first - steady / 1e6);
  const usual: Measured = {
    schedule: undefined,
    work: plain.work,
    build: building(plain, expected.milliseconds, time),
    time,
  };
  const known = new Set([JSON.stringify(untuned(kernel, targets[0], step.schedule))]);
  const measured: Measured[] = [];
  let tried = 0;

  const attempt = async (data: TunedSchedule): Promise<void> => {
    const schedule = tunedSchedule(kernel, targets[0], data);
    const text = JSON.stringify(data);
    if (!schedule || known.has(text)) return;
    known.add(text);
    tried++;
    const reject = (why: string): void => {
      rejected.push({ layers: subject.layers[0] ?? "", schedule: data, why });
    };
    try {
      const trial = await build(schedule);
      const got = await bench.result(trial.work, dispatch, bytes);
      const off = deviation(got.data, expected.data, summands(kernel));
      if (off !== undefined) return reject(off);
      const [first = 0] = await bench.measure([trial.work]);
      const best = Math.min(usual.time, ...measured.map((m) => m.time));
      if (first > 2 * HOPELESS * best) return;
      const [second = first] = await bench.measure([trial.work]);
      const quick = Math.min(first, second);
      const built = building(trial, got.milliseconds, quick);
      const slow = built > LONGEST_BUILD && built > usual.build;
      if (quick < HOPELESS * best && !slow)
        measured.push({ schedule: data, work: trial.work, build: built, time: quick });
    } catch (error) {
      if (!(error instanceof WeftError) || error.code === "device-lost") throw error;
      reject(error.message);
    }
  };

  const trials = trialsOf(kernel, targets, layouts, MOST_TRIALS);
  for (const [i, data] of trials.entries()) {
    if (i > 0 && performance.now() > end) break; // each kernel gets one chance at least
    onProgress(i / (trials.length + 1));
    await attempt(data);
  }
  const own = untuned(kernel, targets[0], step.schedule);
  const leader = measured.toSorted((a, b) => scoreOf(a) - scoreOf(b))[0]?.schedule ?? own;
  for (const data of leader ? workgroupsOf(leader) : []) if (performance.now() < end) await attempt(data);
  const winner = await final(bench, usual, measured);
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
  usual: Measured,
  measured: readonly Measured[],
): Promise<{ readonly default: Measured; readonly best: Measured }> {
  const best = measured.toSorted((a, b) => scoreOf(a) - scoreOf(b)).slice(0, FINALISTS);
  const all = [usual, ...best];
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await bench.measure(all.map((m) => m.work)));
  const median = (i: number): number =>
    rounds.map((r) => r[i] ?? 0).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  const ahead = (i: number): boolean => rounds.filter((r) => (r[i] ?? 0) < (r[0] ?? 0)).length >= ROUNDS - 1;
  const timed = all.flatMap((m, i): Measured[] => (i === 0 || ahead(i) ? [{ ...m, time: median(i) }] : []));
  const [first, ...others] = timed;
  const own = must(first, "default");
  const winner = others.toSorted((a, b) => scoreOf(a) - scoreOf(b))[0];
  const won = winner && scoreOf(winner) < scoreOf(own) && winner.time < (1 - WORTH) * own.time;
  return { default: own, best: won ? winner : own };
}

function summands(kernel: Kernel): number {
  return kernel.kind === "contraction" ? kernel.k.reduce((a, x) => a * (Number(x.extent) || 1), 1) : 1;
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
