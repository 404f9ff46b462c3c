/** One row: every runtime's first result is compared with the oracle, then rounds alternate between them. */
import type { Racer as Opened } from "./children.ts";
import { type Prepared, prepareRow } from "./folder.ts";
import { median, relativeDifference } from "./numbers.ts";
import type { PeerInfo } from "./peers/index.ts";
import { STEPS_PER_RUN } from "./peers/training.ts";
import type { Row } from "./rows.ts";

/** A larger difference, as a share of the largest element, is reported as wrong; the figures stay. */
export const TOLERANCE = 1e-3;

export interface Entry {
  readonly peer: string;
  /** Milliseconds of one run, or of one training step; absent where there is none, for the reason in `missing`. */
  readonly median?: number;
  readonly min?: number;
  readonly max?: number;
  readonly missing?: string;
  /** The largest difference from the oracle, as a share of the largest element. */
  readonly error?: number;
  /** Process start to first result; without a shader cache where the driver has one that can be switched off. */
  readonly coldMs?: number;
  readonly pipelines?: number;
  readonly dispatches?: number;
}

export interface RowResult {
  readonly row: string;
  readonly title: string;
  readonly multiplyAdds?: number;
  readonly entries: readonly Entry[];
  /** The fastest other WebGPU runtime's time as a multiple of Weft's: above 1, Weft is faster. */
  readonly ratio?: number;
  /** The same of WebAssembly: one thread beside one thread, and Weft's threads beside the fastest of whatever others have. */
  readonly wasm?: number;
  readonly threads?: number;
  readonly programBytes: number;
}

export interface CompareOptions {
  /** The row's folder. */
  readonly folder: string;
  /** Starts a runtime on it; throws with the reason. */
  readonly start: (peer: PeerInfo, folder: string, limitMs: number) => Promise<Opened>;
  readonly rounds: number;
  readonly sampleMs: number;
  readonly limitMs: number;
  readonly budgetMs: number;
  readonly progress: (line: string) => void;
}

interface Racer {
  readonly peer: PeerInfo;
  readonly opened: Opened;
  times: number;
  readonly samples: number[];
  missing?: string;
}

export async function compareRow(
  row: Row,
  peers: readonly PeerInfo[],
  options: CompareOptions,
): Promise<RowResult> {
  const prepared = await prepareRow(row, options.folder);
  const racers: Racer[] = [];
  const failed: Entry[] = [];
  for (const peer of peers) {
    if (row.kind === "train" && !peer.trains) continue;
    try {
      const opened = await options.start(peer, prepared.folder, options.limitMs);
      racers.push({ peer, opened, times: 1, samples: [] });
      options.progress(`${row.name}: ${peer.name} first result after ${Math.round(opened.coldMs)} ms`);
    } catch (error) {
      const missing = reasonOf(error);
      failed.push({ peer: peer.name, missing });
      options.progress(`${row.name}: ${peer.name}: ${missing}`);
    }
  }
  try {
    await race(row, racers, options);
  } finally {
    for (const { opened } of racers) await opened.end();
  }
  return result(row, prepared, racers, failed);
}

/** Warm-up, then rounds in turn. */
async function race(
  row: Row,
  racers: readonly Racer[],
  { rounds, sampleMs, limitMs, budgetMs, progress }: CompareOptions,
): Promise<void> {
  const unit = row.kind === "train" ? STEPS_PER_RUN : 1;
  const sample = async (racer: Racer): Promise<number> => {
    try {
      return (await racer.opened.run(racer.times, limitMs)) / racer.times;
    } catch (error) {
      racer.missing = reasonOf(error);
      return Number.NaN;
    }
  };
  for (const racer of racers) {
    racer.times = unit;
    await sample(racer);
    const once = racer.missing ? Number.NaN : await sample(racer);
    racer.times = unit * Math.max(1, Math.min(1000, Math.ceil(sampleMs / once / unit) || 1));
  }
  const start = performance.now();
  for (let round = 0; round < rounds && (round < 3 || performance.now() - start < budgetMs); round++) {
    for (const racer of racers) if (!racer.missing) racer.samples.push(await sample(racer));
  }
  progress(
    `${row.name}: ${racers.map(({ peer, samples }) => `${peer.name} ${median(samples).toFixed(2)} ms`).join(", ")}`,
  );
}

function result(row: Row, prepared: Prepared, racers: readonly Racer[], failed: readonly Entry[]): RowResult {
  const losses = row.kind === "train" ? consensus(racers) : undefined;
  const entries = racers.map(({ peer, opened, samples, missing }): Entry => {
    const { output, pipelines, dispatches } = opened.ready;
    const expected = losses
      ? Float32Array.of(prepared.expected[0] ?? Number.NaN, ...losses.slice(1))
      : prepared.expected;
    const common = {
      peer: peer.name,
      error: relativeDifference(output, expected),
      coldMs: opened.coldMs,
      ...(peer.kind === "webgpu" ? { pipelines, dispatches } : {}),
    };
    if (missing) return { ...common, missing };
    return { ...common, median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
  });
  const fastest = (weft: boolean, ...kinds: readonly PeerInfo["kind"][]): number =>
    Math.min(
      ...racers.flatMap(({ peer }) => {
        const isOne = kinds.includes(peer.kind) && (peer.package === "weftgpu") === weft;
        return isOne ? [entries.find((e) => e.peer === peer.name)?.median ?? Number.POSITIVE_INFINITY] : [];
      }),
    );
  const ratios = {
    ratio: fastest(false, "webgpu") / fastest(true, "webgpu"),
    wasm: fastest(false, "wasm") / fastest(true, "wasm"),
    threads: fastest(false, "wasm", "threads") / fastest(true, "threads"),
  };
  return {
    row: row.name,
    title: row.title,
    entries: [...entries, ...failed],
    programBytes: prepared.programBytes,
    ...(row.multiplyAdds ? { multiplyAdds: row.multiplyAdds } : {}),
    ...Object.fromEntries(Object.entries(ratios).filter(([, r]) => Number.isFinite(r) && r > 0)),
  };
}

/** Losses after the first step have no oracle: each runtime is compared with the median of all. */
function consensus(racers: readonly Racer[]): readonly number[] {
  const [first] = racers;
  return Array.from(first?.opened.ready.output ?? [], (_, i) =>
    median(racers.map(({ opened }) => opened.ready.output[i] ?? Number.NaN)),
  );
}

/** The first line: what follows is a stack of bundled code. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
