/** The yardsticks, printed as they are measured. */
import { measurePeaks } from "../../runtime/node/calibrate.ts";
import { clockOf } from "../../runtime/node/clock.ts";
import { openAdapter } from "../adapter.ts";
import { short } from "../numbers.ts";
import { runYardstick, type YardstickRow } from "./run.ts";
import { tasks } from "./tasks.ts";

function show({ name, median, min, gflops, gigabytes, buildMs }: YardstickRow): string {
  const cells = [
    `${short(median).padStart(8)} ms (min ${short(min)})`,
    `${short(gflops).padStart(6)} GFLOP/s`,
    `${short(gigabytes).padStart(6)} GB/s`,
  ];
  return `  ${name.padEnd(48)} ${cells.join("  ")}  build ${buildMs.toFixed(0)} ms`;
}

/** `kernels`: which of the hand-written ones. */
export async function yardsticks(
  adapterName: string | undefined,
  only: readonly string[] | undefined,
  kernels: RegExp,
): Promise<void> {
  const { device, adapter } = await openAdapter(adapterName);
  const { flops, bandwidth } = await measurePeaks(device, clockOf(device));
  console.log(
    `${adapter.description}\npeak: ${short(flops / 1e9)} GFLOP/s, copy: ${short(bandwidth / 1e9)} GB/s`,
  );
  const summary: string[] = [];
  for (const name of only ?? Object.keys(tasks)) {
    const { rows, left, ratio, ratioOfMinima } = await runYardstick(device, name, kernels);
    const both = `${ratio.toFixed(2)} (minima: ${ratioOfMinima.toFixed(2)})`;
    console.log(
      [
        `\n${name}`,
        ...rows.map(show),
        ...left.map((l) => `  left out: ${l}`),
        `  Weft / best yardstick: ${both}`,
      ].join("\n"),
    );
    summary.push(`${name.padEnd(20)} ${both}`);
  }
  console.log(`\nWeft / best yardstick\n${summary.join("\n")}`);
  device.destroy();
}
