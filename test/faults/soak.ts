/** `npm run soak -- --runs 10000`: many runs of one session; fails where memory grows or a buffer is left over. */
import { parseArgs } from "node:util";
import { endurance } from "./endurance.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "10000" } } });
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 100) {
  console.error(`--runs is ${values.runs}: it is a whole number of at least 100`);
  process.exit(1);
}
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const found = await endurance(runs, (done, rss) => {
  if (done % (10 * Math.ceil(runs / 100)) === 0) console.log(`  ${done} runs, ${mib(rss)} resident`);
});
const { seconds, buffersMade, buffersAlive, rssGrowth } = found;
console.log(`${runs} runs in ${seconds.toFixed(1)} s (${((1000 * seconds) / runs).toFixed(2)} ms a run)`);
console.log(`GPU buffers made by them: ${buffersMade}; alive after destroy(): ${buffersAlive}`);
console.log(`resident memory grew by ${mib(rssGrowth)} after the first fifth`);
const flat = buffersMade === 0 && buffersAlive === 0 && rssGrowth < 32 * 2 ** 20;
console.log(flat ? "flat" : "NOT flat");
process.exitCode = flat ? 0 : 1;
