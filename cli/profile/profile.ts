/** A profile as numbers: what was measured, what the adapter could do at most, what the roofline predicts. */
import { formatLocation } from "../../compiler/errors.ts";
import type { Size } from "../../contract/type.ts";
import type { Clock, Measured, Peaks } from "../../runtime/node/index.ts";
import type { DispatchWork } from "./work.ts";

export interface KernelProfile {
  readonly kernel: string;
  readonly layers: readonly string[];
  /** `models/lenet.ts:7:14`; null where the model is no file. */
  readonly at: string | null;
  /** The median of the runs. */
  readonly milliseconds: number;
  readonly fastest: number;
  readonly slowest: number;
  /** (90th percentile − 10th) ÷ median. */
  readonly spread: number;
  /** Of the sum of all kernels. */
  readonly share: number;
  readonly flops: number;
  readonly bytes: number;
  readonly gflops: number;
  readonly gbytes: number;
  /** Of the adapter's measured multiply-adds, and of its measured copy. */
  readonly ofFlops: number;
  readonly ofBandwidth: number;
  /** max(flops ÷ peak, bytes ÷ peak): the roofline (Williams, Waterman & Patterson 2009). Not a simulation. */
  readonly predicted: number;
  readonly bound: "compute" | "memory";
}

export interface Profile {
  readonly model: string;
  readonly batch: number;
  /** What was measured at besides: each at its most. Absent: the model has no sizes besides N. */
  readonly sizes?: readonly Size[];
  readonly adapter: string;
  readonly clock: Clock["kind"];
  readonly warmup: number;
  readonly runs: number;
  readonly peak: { readonly gflops: number; readonly gbytes: number };
  readonly kernels: readonly KernelProfile[];
  readonly total: {
    /** The sum of the kernels' medians. */
    readonly milliseconds: number;
    /** A run in one submit, by the wall clock: what a session takes without upload and readback. */
    readonly wholeRun: number;
    readonly wholeSpread: number;
    readonly flops: number;
    readonly bytes: number;
    readonly gflops: number;
    readonly gbytes: number;
    readonly predicted: number;
    /** Until all pipelines were built. */
    readonly build: number;
  };
}

export interface ProfileFacts {
  readonly model: string;
  readonly batch: number;
  readonly sizes?: readonly Size[];
  readonly adapter: string;
  readonly clock: Clock["kind"];
  readonly warmup: number;
  readonly work: readonly DispatchWork[];
  readonly measured: Measured;
  readonly peaks: Peaks;
}

/** The value below which that part of the sorted values lies, interpolated. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

const over = (value: number, by: number): number => (by > 0 ? value / by : 0);
const spreadOf = (values: readonly number[]): number =>
  over(quantile(values, 0.9) - quantile(values, 0.1), quantile(values, 0.5));

export function profileOf(facts: ProfileFacts): Profile {
  const { work, measured, peaks, model, batch, sizes, adapter, clock, warmup } = facts;
  const samples = work.map((_, i) => measured.times.map((run) => (run[i] ?? 0) / 1e6));
  const medians = samples.map((times) => quantile(times, 0.5));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const total = sum(medians);
  const kernels = work.map((w, i): KernelProfile => {
    const times = samples[i] ?? [];
    const milliseconds = medians[i] ?? 0;
    const [compute, memory] = [(w.flops / peaks.flops) * 1e3, (w.bytes / peaks.bandwidth) * 1e3];
    const [gflops, gbytes] = [over(w.flops, milliseconds * 1e6), over(w.bytes, milliseconds * 1e6)];
    return {
      kernel: w.kernel,
      layers: w.layers,
      at: w.at ? formatLocation(w.at) : null,
      milliseconds,
      fastest: Math.min(...times),
      slowest: Math.max(...times),
      spread: spreadOf(times),
      share: over(milliseconds, total),
      flops: w.flops,
      bytes: w.bytes,
      gflops,
      gbytes,
      ofFlops: (gflops * 1e9) / peaks.flops,
      ofBandwidth: (gbytes * 1e9) / peaks.bandwidth,
      predicted: Math.max(compute, memory),
      bound: compute >= memory ? "compute" : "memory",
    };
  });
  const [flops, bytes] = [sum(work.map((w) => w.flops)), sum(work.map((w) => w.bytes))];
  const whole = measured.whole.map((t) => t / 1e6);
  return {
    model,
    batch,
    ...(sizes && { sizes }),
    adapter,
    clock,
    warmup,
    runs: measured.times.length,
    peak: { gflops: peaks.flops / 1e9, gbytes: peaks.bandwidth / 1e9 },
    kernels,
    total: {
      milliseconds: total,
      wholeRun: quantile(whole, 0.5),
      wholeSpread: spreadOf(whole),
      flops,
      bytes,
      gflops: over(flops, total * 1e6),
      gbytes: over(bytes, total * 1e6),
      predicted: sum(kernels.map((k) => k.predicted)),
      build: measured.build,
    },
  };
}
