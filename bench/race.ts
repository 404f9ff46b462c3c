/** The comparison with other runtimes: rows one by one, results printed and written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { environmentFor, openAdapter } from "./adapter.ts";
import { openChromium } from "./browser.ts";
import { type Bundle, benchFolder, bundlePeer } from "./bundles.ts";
import { startChild } from "./children.ts";
import { type CompareOptions, compareRow, type RowResult } from "./compare.ts";
import { peers as allPeers, type PeerInfo } from "./peers/index.ts";
import { markdown, type Run, spread } from "./report.ts";
import { rows as allRows } from "./rows.ts";

export interface RaceOptions {
  readonly adapter: string | undefined;
  /** In pages of a headless Chromium, on its own software adapter, rather than in Node. */
  readonly chromium: boolean;
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

/** Where the runtimes live. */
interface Place {
  readonly adapter: string;
  readonly start: CompareOptions["start"];
  close(): Promise<void>;
}

async function inNode(
  adapter: string | undefined,
  bundleOf: (peer: PeerInfo) => Bundle,
  peers: readonly PeerInfo[],
): Promise<Place> {
  const env = {
    ...process.env,
    ...(adapter ? environmentFor(adapter) : {}),
    MESA_SHADER_CACHE_DISABLE: "true",
  };
  // Whoever wants no adapter need not have one.
  const opened = peers.some((p) => p.kind === "webgpu") ? await openAdapter(adapter) : undefined;
  opened?.device.destroy();
  return {
    adapter: `${opened ? `${opened.adapter.description}, ` : ""}Node ${process.versions.node}`,
    start: (peer, folder, limitMs) => startChild(bundleOf(peer), peer.flags ?? [], folder, env, limitMs),
    close: async () => {},
  };
}

async function inChromium(folder: string, bundleOf: (peer: PeerInfo) => Bundle): Promise<Place> {
  const { adapter, start, close } = await openChromium(folder);
  return { adapter, start: (peer, row, limitMs) => start(bundleOf(peer), row, limitMs), close };
}

/** Versions are those of the installed packages; Weft's is the checkout's. */
function versionOf({ package: name }: PeerInfo, folder: string): string {
  const root = `${folder}/..`;
  const places =
    name === "weftgpu" ? [root] : [`${folder}/node_modules/${name}`, `${root}/node_modules/${name}`];
  for (const place of places)
    try {
      return JSON.parse(readFileSync(`${place}/package.json`, "utf8")).version;
    } catch {}
  return "?";
}

/** Rows that an earlier run on the same adapter has written: a long comparison can be made in parts. */
function earlier(out: string, adapter: string): readonly RowResult[] {
  if (!existsSync(`${out}.json`)) return [];
  const run: Run = JSON.parse(readFileSync(`${out}.json`, "utf8"));
  return run.adapter === adapter ? run.rows : [];
}

/** In the order of the rows; what was measured now counts. */
function merged(before: readonly RowResult[], now: readonly RowResult[]): readonly RowResult[] {
  return allRows.flatMap(
    ({ name }) => [now, before].map((run) => run.find((r) => r.row === name)).find(Boolean) ?? [],
  );
}

export async function race(options: RaceOptions): Promise<void> {
  const folder = benchFolder();
  const rows = chosen(allRows, options.only);
  const here = allPeers.filter(({ kind, pages }) => (options.chromium ? kind !== "native" : !pages));
  const peers = chosen(here, options.peers);
  const cache = `${folder}/node_modules/.cache`;
  mkdirSync(cache, { recursive: true });
  const bundles = new Map<PeerInfo, Bundle>();
  for (const peer of peers)
    bundles.set(peer, await bundlePeer(peer, folder, options.chromium ? "page" : "node"));
  const bundleOf = (peer: PeerInfo): Bundle => bundles.get(peer) ?? { file: "", bytes: Number.NaN };
  const place = await (options.chromium
    ? inChromium(folder, bundleOf)
    : inNode(options.adapter, bundleOf, peers));
  console.log(place.adapter);
  const done: RowResult[] = [];
  const before = options.out ? earlier(options.out, place.adapter) : [];
  const report = (): Run => ({
    date: new Date().toISOString().slice(0, 10),
    adapter: place.adapter,
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}`,
    peers: peers.map((peer) => ({
      name: peer.name,
      version: versionOf(peer, folder),
      bytes: bundleOf(peer).bytes,
    })),
    rows: done,
  });
  try {
    for (const row of rows) {
      const result = await compareRow(row, peers, {
        start: place.start,
        folder: `${cache}/rows/${row.name}`,
        rounds: options.rounds,
        sampleMs: SAMPLE,
        limitMs: options.limitMs,
        budgetMs: BUDGET,
        progress: (line) => console.log(line),
      });
      done.push(result);
      if (!options.out) continue;
      const all: Run = { ...report(), rows: merged(before, done) };
      writeFileSync(`${options.out}.json`, `${JSON.stringify(all, null, 1)}\n`);
    }
  } finally {
    await place.close();
  }
  console.log(`\n${markdown(report())}\n\n${spread(done)}`);
}
