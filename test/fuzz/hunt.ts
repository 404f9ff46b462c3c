/** Runs many random models, several at a time, and shrinks one failure of each kind. */
import fc from "fast-check";
import type { TargetName } from "../../compiler/strategies/target.ts";
import { check, type Opinions } from "./check.ts";
import { models } from "./draw.ts";
import { checkModelGradients } from "./gradients.ts";
import { sizedModel } from "./sized.ts";
import { type ModelSpec, printModel } from "./spec.ts";
import { checkTraining } from "./train.ts";
import { printTraining, type TrainingSpec, trainings } from "./trainings.ts";

export interface HuntOptions {
  readonly runs: number;
  readonly seed: number;
  /** Models in flight: one waits for its pipelines while another is checked. Default 8. */
  readonly atOnce?: number;
  /** Called with the number of models done. */
  readonly progress?: (done: number) => void;
  /**
   * Default "results": of the model itself. "sizes": the same of models with sizes besides N. "gradients": of its loss.
   * "training": of steps of training.
   */
  readonly of?: Subject;
  /** What all are compiled for. Default: what each one draws. */
  readonly target?: TargetName;
  /** Called before a failure is shrunk, which takes a while. */
  readonly found?: (kind: string, index: number) => void;
  /** Asked before each model: true ends the hunt. */
  readonly stop?: () => boolean;
}

export type Subject = keyof typeof SUBJECTS;

/** What one model's check says, for the summary. */
interface Said {
  readonly kernels: number;
  /** Those of them that store several tensors. */
  readonly merged: number;
  readonly compared: boolean;
  readonly withoutOnnx?: string | undefined;
}

/** What is drawn, how it is checked and how it is shown. */
interface Kind<Spec> {
  readonly specs: fc.Arbitrary<Spec>;
  /** `index` is its place among those of its seed. */
  check(spec: Spec, index: number): Promise<Said>;
  /** The same for another target. */
  aimed(spec: Spec, target: TargetName): Spec;
  print(spec: Spec): string;
}

/** Every model is compared with the oracle; every so many are shown to others too, who take longer. */
const opinionsOn = (index: number): Opinions => ({
  adapter: index % OTHERS === 0,
  onnx: index % OTHERS === 1,
  twice: index % OTHERS === 2,
});
const OTHERS = 20;

/** WebAssembly has no f16. */
function aimed(spec: ModelSpec, target: TargetName): ModelSpec {
  const { precision } = spec.how;
  return { ...spec, how: { ...spec.how, target, precision: target === "wasm" ? "f32" : precision } };
}

const results: Kind<ModelSpec> = {
  specs: models(),
  check: async (spec, index) => {
    const { compilation, compared, withoutOnnx } = await check(spec, opinionsOn(index));
    const merged = compilation.steps.filter((s) => s.kernel.results.length > 1).length;
    return { kernels: compilation.program.kernels.length, merged, compared, withoutOnnx };
  },
  aimed,
  print: printModel,
};
const gradients: Kind<ModelSpec> = {
  specs: models(5),
  check: async (spec) => ({ kernels: 0, merged: 0, compared: await checkModelGradients(spec) }),
  aimed,
  print: printModel,
};
const training: Kind<TrainingSpec> = {
  specs: trainings(),
  check: async (spec) => ({ kernels: 0, merged: 0, compared: await checkTraining(spec) }),
  aimed: (spec, target) => ({ ...spec, model: aimed(spec.model, target) }),
  print: printTraining,
};
const sizes: Kind<ModelSpec | undefined> = {
  specs: fc
    .tuple(models(), fc.array(fc.nat({ max: 65535 }), { minLength: 24, maxLength: 24 }))
    .map(([spec, choices]) => sizedModel(spec, choices)),
  check: async (spec, index) =>
    spec ? results.check(spec, index) : { kernels: 0, merged: 0, compared: false },
  aimed: (spec, target) => spec && aimed(spec, target),
  print: (spec) => (spec ? printModel(spec) : "no model"),
};
const SUBJECTS = {
  results: erased(results),
  sizes: erased(sizes),
  gradients: erased(gradients),
  training: erased(training),
} as const;

/** A kind as the hunt knows it: what it draws is its own business. */
function erased<Spec>(kind: Kind<Spec>): Kind<unknown> {
  return {
    specs: kind.specs,
    check: (spec, index) => kind.check(spec as Spec, index), // drawn from its own specs
    aimed: (spec, target) => kind.aimed(spec as Spec, target), // likewise
    print: (spec) => kind.print(spec as Spec), // likewise
  };
}

export const subjects = Object.keys(SUBJECTS) as Subject[]; // its own keys

export interface Failure {
  /** What the failures of this kind have in common. */
  readonly kind: string;
  readonly count: number;
  /** Message and model file, shrunk. */
  readonly text: string;
  /** The model file alone. */
  readonly file: string;
}

export interface Hunt {
  /** Models that were checked. */
  readonly runs: number;
  readonly failures: readonly Failure[];
  readonly kernels: number;
  readonly merged: number;
  /** Models for which f32 has no right answer. */
  readonly skipped: number;
  /** Models for which onnxruntime was not asked, by reason. */
  readonly withoutOnnx: ReadonlyMap<string, number>;
  readonly seconds: number;
}

/** The first line of an error without its numbers and names: failures that share it have one cause, most often. */
function kindOf(e: unknown): string {
  const text = e instanceof Error ? e.message : String(e);
  return (text.split("\n")[0] ?? "")
    .replace(/"[^"]*"|\([^)]*\)|\[[^\]]*\]/g, "…")
    .replace(/\d[\d.e+-]*/g, "#");
}

export async function hunt(options: HuntOptions): Promise<Hunt> {
  const { runs, seed, atOnce = 8, progress, of = "results", target, stop } = options;
  const drawn = SUBJECTS[of];
  const subject = target ? { ...drawn, specs: drawn.specs.map((s) => drawn.aimed(s, target)) } : drawn;
  const started = performance.now();
  const specs = fc.sample(subject.specs, { seed, numRuns: runs });
  const withoutOnnx = new Map<string, number>();
  const failed = new Map<string, number[]>();
  let [next, done, kernels, merged, skipped] = [0, 0, 0, 0, 0];
  const worker = async (): Promise<void> => {
    while (next < specs.length && !stop?.()) {
      const i = next++;
      const spec = specs[i];
      try {
        const said = await subject.check(spec, i);
        kernels += said.kernels;
        merged += said.merged;
        if (!said.compared) skipped++;
        const reason = said.withoutOnnx;
        if (reason !== undefined) withoutOnnx.set(reason, (withoutOnnx.get(reason) ?? 0) + 1);
      } catch (e) {
        const kind = kindOf(e);
        failed.set(kind, [...(failed.get(kind) ?? []), i]);
      }
      done++;
      progress?.(done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const failures: Failure[] = [];
  for (const [kind, indices] of failed) {
    options.found?.(kind, Math.min(...indices));
    failures.push(await shrink(kind, indices, seed, subject));
  }
  return {
    runs: done,
    failures,
    kernels,
    merged,
    skipped,
    withoutOnnx,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The figures of a hunt, a line each. */
export function summary({ kernels, merged, skipped, withoutOnnx, seconds }: Hunt): string {
  return [
    `${kernels} kernels, ${merged} of which store several tensors, in ${seconds.toFixed(0)} s`,
    `${skipped} models not compared: f32 has no right answer`,
    ...[...withoutOnnx].map(([reason, n]) => `${n} models not compared with onnxruntime: ${reason}`),
  ].join("\n");
}

/** Milliseconds that a failure is shrunk for. */
const LONGEST = 60_000;

/** The smallest model that fails in the same way as the first of these. */
async function shrink(
  kind: string,
  indices: readonly number[],
  seed: number,
  subject: Kind<unknown>,
): Promise<Failure> {
  let text = kind;
  const first = Math.min(...indices);
  const fails = async (spec: unknown): Promise<boolean> => {
    try {
      await subject.check(spec, first);
    } catch (e) {
      if (kindOf(e) !== kind) return false;
      text = e instanceof Error ? e.message : String(e);
      return true;
    }
    return false;
  };
  const path = `${first}`;
  const property = fc.asyncProperty(subject.specs, async (spec) => !(await fails(spec)));
  const result = await fc.check(property, {
    seed,
    path,
    numRuns: 1,
    endOnFailure: false,
    interruptAfterTimeLimit: LONGEST,
  });
  const spec = result.counterexample?.[0];
  if (spec === undefined)
    throw new Error(`${kind}: model ${path} of seed ${seed} did not fail again\n${text}`);
  await fails(spec);
  return { kind, count: indices.length, text, file: subject.print(spec) };
}
