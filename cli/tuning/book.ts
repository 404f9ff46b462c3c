/** What a tuning has found so far, and what the file is with it. */
import { type Adapter, adapterKey, merged, tuningFor, tuningText } from "../../compiler/emit/tuning.ts";
import type { TargetName } from "../../compiler/strategies/target.ts";
import type { AdapterTuning, TunedKernel, TuningFile } from "../../contract/tuning.ts";
import { writeFiles } from "../write.ts";
import type { Job } from "./job.ts";
import { type Found, tunedKernels } from "./search.ts";
import { subjectsOf } from "./subjects.ts";

export interface BookOptions {
  readonly job: Job;
  readonly target: TargetName;
  readonly adapter: Adapter;
  /** What the file held before. */
  readonly earlier: TuningFile | undefined;
  readonly path: string;
}

type Kernels = AdapterTuning["kernels"];

export class Book {
  readonly #options: BookOptions;
  readonly #before: readonly (readonly [key: string, kernel: TunedKernel])[];
  readonly #keys: ReadonlySet<string>;
  readonly found: Found[] = [];

  constructor(options: BookOptions) {
    this.#options = options;
    const { job, adapter, earlier } = options;
    const { compilation, batch, training } = job;
    this.#keys = new Set(subjectsOf(compilation).map((s) => s.key));
    const same = earlier && tuningFor(earlier, adapter, batch, training);
    this.#before = same?.batch === batch ? Object.entries(same.kernels) : [];
  }

  /** How many kernels there are to measure. */
  get all(): number {
    return this.#keys.size;
  }

  get #complete(): boolean {
    return this.found.length === this.all;
  }

  /** Of the file's kernels those that the model no longer has: once all are measured they go. */
  get dropped(): readonly string[] {
    return this.#complete
      ? this.#before.flatMap(([key, { layers }]) => (this.#keys.has(key) ? [] : [layers]))
      : [];
  }

  /** What was found; what was not come to stays as the file had it. */
  get entry(): AdapterTuning {
    const { job, target, adapter } = this.#options;
    const { batch, training } = job;
    const measured = new Set(this.found.map((f) => f.subject.key));
    const kept: Kernels = this.#complete
      ? {}
      : Object.fromEntries(this.#before.filter(([key]) => !measured.has(key)));
    const kernels = { ...kept, ...tunedKernels(this.found) };
    return { ...adapterKey(adapter), target, batch, ...(training && { training }), kernels };
  }

  /** Writes the file whole, or leaves it as it was. Throws `UserError` where it cannot be written. */
  write(): Promise<void> {
    const { earlier, path } = this.#options;
    return writeFiles([[path, tuningText(merged(earlier, this.entry))]]);
  }
}
