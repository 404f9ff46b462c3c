/**
 * A profile as Chrome trace events, which Perfetto and chrome://tracing open ("Trace Event Format", Google, the JSON
 * object form with complete events).
 */
import type { Measured } from "../../runtime/node/index.ts";
import type { Profile } from "./profile.ts";

export interface TraceEvent {
  readonly name: string;
  /** "X": a complete event; "M": a name for a process or thread. */
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const RUNS = 1;
const KERNELS = 2;

/** Every counted run, its dispatches one after the other: between dispatches there is no time here. */
export function traceOf(profile: Profile, measured: Measured): readonly TraceEvent[] {
  const label = (name: string, tid: number, text: string): TraceEvent => ({
    name,
    ph: "M",
    pid: 1,
    tid,
    args: { name: text },
  });
  const events: TraceEvent[] = [
    label("process_name", 0, `weft: ${profile.model}, N = ${profile.batch}, ${profile.adapter}`),
    label("thread_name", RUNS, "runs"),
    label("thread_name", KERNELS, `kernels (${profile.clock})`),
  ];
  let now = 0;
  measured.times.forEach((times, run) => {
    const start = now;
    times.forEach((time, i) => {
      const kernel = profile.kernels[i];
      if (!kernel) return;
      const { layers, at, flops, bytes, predicted, bound } = kernel;
      const rate = { gflops: flops / Math.max(1, time), gbytes: bytes / Math.max(1, time) };
      const args = { layers, at, flops, bytes, ...rate, predictedMilliseconds: predicted, bound };
      const event = { ph: "X", pid: 1, tid: KERNELS, ts: now / 1e3, dur: time / 1e3 } as const;
      events.push({ name: kernel.kernel, cat: "kernel", ...event, args });
      now += time;
    });
    const event = { ph: "X", pid: 1, tid: RUNS, ts: start / 1e3, dur: (now - start) / 1e3 } as const;
    events.push({
      name: `run ${run + 1}`,
      cat: "run",
      ...event,
      args: { wholeRunMilliseconds: (measured.whole[run] ?? 0) / 1e6 },
    });
  });
  return events;
}

/** The file's text. */
export function traceText(profile: Profile, measured: Measured): string {
  return `${JSON.stringify({ displayTimeUnit: "ms", traceEvents: traceOf(profile, measured) })}\n`;
}
