/** The results as Markdown. */
import { type Entry, type RowResult, TOLERANCE } from "./compare.ts";
import { short } from "./numbers.ts";
import { type PeerInfo, peers } from "./peers/index.ts";

export interface Run {
  readonly date: string;
  readonly adapter: string;
  readonly processor: string;
  readonly peers: readonly { readonly name: string; readonly version: string; readonly bytes: number }[];
  readonly rows: readonly RowResult[];
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map((_, i) => (i ? "---:" : "---"))), ...rows.map(line)].join("\n");

const entryOf = (row: RowResult, peer: PeerInfo): Entry | undefined =>
  row.entries.find((e) => e.peer === peer.name);

function timeCell({ multiplyAdds }: RowResult, entry: Entry | undefined): string {
  if (!entry) return "";
  if (entry.missing) return entry.missing.startsWith("> ") ? entry.missing : "fails";
  const ms = entry.median ?? Number.NaN;
  const rate = multiplyAdds ? ` (${short((2 * multiplyAdds) / ms / 1e6)})` : "";
  const wrong = (entry.error ?? 0) > TOLERANCE ? " ✗" : "";
  return `${short(ms)}${rate}${wrong}`;
}

/** Native code is installed, not shipped. */
const megabytes = (bytes: number): string => (Number.isFinite(bytes) ? (bytes / 1e6).toPrecision(2) : "");

/** Code that a user is sent. Weft's is its runtime and the first row's compiled program. */
function shipped({ peers: sent, rows: [first] }: Run, { name }: PeerInfo): number {
  if (name === "ort-node") return Number.NaN;
  const bytes = sent.find((one) => one.name === name)?.bytes ?? Number.NaN;
  return name === "weft" ? bytes + (first?.programBytes ?? 0) : bytes;
}

export function markdown(run: Run): string {
  const shown = peers.filter((p) => run.peers.some(({ name }) => name === p.name));
  const head = ["Milliseconds (GFLOP/s)", ...shown.map((p) => p.title), "Weft is faster by"];
  const times = run.rows.map((row) => [
    row.title,
    ...shown.map((p) => timeCell(row, entryOf(row, p))),
    [row.ratio, row.wasm, row.threads].flatMap((r) => (r ? [`${r.toFixed(2)}×`] : [])).join(" · "),
  ]);
  const columns = (title: string, cell: (entry: Entry) => string): string =>
    table(
      [title, ...shown.map((p) => p.title)],
      run.rows.map((row) => [
        row.title,
        ...shown.map((p) => {
          const entry = entryOf(row, p);
          return entry && !entry.missing ? cell(entry) : "";
        }),
      ]),
    );
  const failures = run.rows.flatMap((row) =>
    row.entries.filter((e) => e.missing).map((e) => `- ${row.title}, ${e.peer}: ${e.missing}`),
  );
  return [
    `${run.adapter}. ${run.processor}, ${run.date}. Versions: ${run.peers
      .filter((p) => p.version)
      .map((p) => `${p.name} ${p.version}`)
      .join(", ")}.`,
    table(head, times),
    columns("Largest difference from the oracle", (e) => (e.error ?? Number.NaN).toExponential(1)),
    columns("Start of the process or page to the first result, ms", (e) => short(e.coldMs ?? Number.NaN)),
    columns("Pipelines, dispatches of a run", (e) =>
      e.pipelines === undefined ? "" : `${e.pipelines}, ${e.dispatches}`,
    ),
    table(
      ["", ...shown.map((p) => p.title)],
      [["MB shipped, gzipped, weights aside", ...shown.map((p) => megabytes(shipped(run, p)))]],
    ),
    ...(failures.length ? [failures.join("\n")] : []),
  ].join("\n\n");
}

/** The spread, for a person to judge the noise by. */
export function spread(rows: readonly RowResult[]): string {
  return rows
    .flatMap((row) =>
      row.entries
        .filter((e) => !e.missing)
        .map((e) => `${row.row} ${e.peer}: ${short(e.min ?? 0)} … ${short(e.max ?? 0)} ms`),
    )
    .join("\n");
}
