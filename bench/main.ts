/** `npm run bench -- …`: see docs/performance.md. */
import { parseArgs } from "node:util";
import { openAdapter } from "./adapter.ts";
import { short } from "./numbers.ts";
import { measurePeak } from "./yardsticks/peak.ts";
import { runYardstick } from "./yardsticks/run.ts";
import { tasks } from "./yardsticks/tasks.ts";

const { values } = parseArgs({
  options: {
    yardsticks: { type: "boolean", default: false },
    only: { type: "string" },
    adapter: { type: "string" },
    kernels: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});

const { device, adapter } = await openAdapter(values.adapter);
const peak = await measurePeak(device);
console.log(
  `${adapter.description}\npeak: ${short(peak.gflops)} GFLOP/s, copy: ${short(peak.gigabytes)} GB/s`,
);
const names = values.only?.split(",") ?? Object.keys(tasks);
const summary: string[] = [];
for (const name of names) {
  const { rows, left, ratio, ratioOfMinima } = await runYardstick(device, name, new RegExp(values.kernels));
  console.log(`\n${name}`);
  for (const row of rows)
    console.log(
      `  ${row.name.padEnd(48)} ${short(row.median).padStart(8)} ms (min ${short(row.min)})  ${short(row.gflops).padStart(6)} GFLOP/s  ${short(row.gigabytes).padStart(6)} GB/s  build ${row.buildMs.toFixed(0)} ms`,
    );
  for (const line of left) console.log(`  left out: ${line}`);
  const both = `${ratio.toFixed(2)} (minima: ${ratioOfMinima.toFixed(2)})`;
  console.log(`  Weft / best yardstick: ${both}`);
  summary.push(`${name.padEnd(20)} ${both}`);
}
console.log(`\nWeft / best yardstick\n${summary.join("\n")}`);
