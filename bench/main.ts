/** `npm run bench -- …`: see docs/performance.md. */
import { parseArgs } from "node:util";
import { ADAPTERS } from "./adapter.ts";
import { benchFolder } from "./bundles.ts";
import { writeDocs } from "./docs.ts";
import { race } from "./race.ts";
import { yardsticks } from "./yardsticks/print.ts";

const HELP = `npm run bench -- [options]
  --adapter NAME     ${ADAPTERS.join(", ")}; default: what the environment says
  --chromium         in pages of a headless Chromium, on its SwiftShader
  --only A,B         these rows (or yardsticks) alone
  --peers A,B        these runtimes alone
  --rounds N         rounds of each row (default 9)
  --limit SECONDS    for one first result or sample (default 60)
  --out NAME         writes NAME.json, with the rows that are in it already
  --yardsticks       Weft's kernels beside hand-written ones
  --kernels REGEXP   of the hand-written kernels, those whose name matches
  --docs             puts the tables of docs/bench/*.json into docs/performance.md
  --check            type-checks the benchmark, and does nothing else`;

const { values } = parseArgs({
  options: {
    adapter: { type: "string" },
    chromium: { type: "boolean", default: false },
    only: { type: "string" },
    peers: { type: "string" },
    rounds: { type: "string", default: "9" },
    limit: { type: "string", default: "60" },
    out: { type: "string" },
    yardsticks: { type: "boolean", default: false },
    kernels: { type: "string", default: "" },
    docs: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const list = (text: string | undefined): readonly string[] | undefined => text?.split(",");

if (values.help) console.log(HELP);
else if (values.docs) writeDocs(`${benchFolder()}/..`);
else if (values.yardsticks) await yardsticks(values.adapter, list(values.only), new RegExp(values.kernels));
else
  await race({
    adapter: values.adapter,
    chromium: values.chromium,
    only: list(values.only),
    peers: list(values.peers),
    rounds: Number(values.rounds),
    limitMs: 1000 * Number(values.limit),
    out: values.out,
  });
