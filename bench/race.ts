/** The comparison with other runtimes: rows one by one, results printed and written. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { environmentFor, openAdapter } from "./adapter.ts";
import { type Bundle, benchFolder, bundlePeer } from "./children.ts";
import { compareRow, type RowResult } from "./compare.ts";
import { peers as allPeers } from "./peers/index.ts";
import { markdown, type Run, spread } from "./report.ts";
import { rows as allRows } from "./rows.ts";

export interface RaceOptions {
  readonly adapter: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly peers: readonly string[] | undefined;
  readonly rounds: number;
  readonly limitMs: number;
  /** Where to write, without the ending. */
  readonly out: string | undefined;
}

/** Milliseconds of a sample, and of all rounds of a row. */
const SAMPLE = 100;
const BUDGET = 30_000;

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[] | undefined,
): readonly T[] {
  for (const name of names ?? [])
    if (!all.some((one) => one.name === name))
      throw new Error(`no "${name}": there are ${all.map((o) => o.name).join(", ")}`);
  return names ? all.filter(({ name }) => names.includes(name)) : all;
}

export async function race(options: RaceOptions): Promise<void> {
  const folder = benchFolder();
  const rows = chosen(allRows, options.only);
  const peers = chosen(allPeers, options.peers);
  const env = {
    ...process.env,
    ...(options.adapter ? environmentFor(options.adapter) : {}),
    MESA_SHADER_CACHE_DISABLE: "true",
  };
  const { adapter, device } = await openAdapter(options.adapter);
  device.destroy();
  console.log(adapter.description);
  const cache = `${folder}/node_modules/.cache`;
  mkdirSync(cache, { recursive: true });
  const bundles = new Map<string, Bundle>();
  for (const peer of peers) bundles.set(peer.name, await bundlePeer(peer, folder));
  const done: RowResult[] = [];
  const report = (): Run => ({
    date: new Date().toISOString().slice(0, 10),
    adapter: adapter.description,
    node: process.versions.node,
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}`,
    peers: peers.map(({ name }) => ({
      name,
      version: done.flatMap((r) => r.entries).find((e) => e.peer === name && e.version)?.version ?? "",
      bytes: bundles.get(name)?.bytes ?? Number.NaN,
    })),
    rows: done,
  });
  for (const row of rows) {
    done.push(
      await compareRow(row, peers, bundles, {
        env,
        folder: `${cache}/rows/${row.name}`,
        rounds: options.rounds,
        sampleMs: SAMPLE,
        limitMs: options.limitMs,
        budgetMs: BUDGET,
        progress: (line) => console.log(line),
      }),
    );
    if (options.out) {
      writeFileSync(`${options.out}.json`, `${JSON.stringify(report(), null, 1)}\n`);
      writeFileSync(`${options.out}.md`, `${markdown(report())}\n`);
    }
  }
  console.log(`\n${markdown(report())}\n\n${spread(done)}`);
}
