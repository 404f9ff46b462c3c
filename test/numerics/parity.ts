/**
 * `npm run parity`: the largest error of each op on each adapter there is, as a Markdown table; `--json` prints the
 * figures, `--docs` writes the table into docs/numerics.md. An adapter is measured in a process of its own: a driver
 * is loaded once. SwiftShader comes with npm; VK_ICD_FILENAMES names another driver, such as lavapipe's.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { targetFor } from "../../compiler/strategies/target.ts";
import { usualDevice } from "../adapter.ts";
import { closeDevice } from "../oracle/weft.ts";
import { measure, type Parity } from "./measure.ts";
import { MEASUREMENTS } from "./ops.ts";
import { documented, markdown, type Report } from "./table.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, docs: { type: "boolean" }, one: { type: "boolean" } },
});

/** What is measured on this process's adapter. */
async function here(): Promise<Report> {
  const { device, adapter } = await usualDevice();
  const own = targetFor(device);
  device.destroy();
  const rows: Parity[] = [];
  for (const each of MEASUREMENTS)
    rows.push(...(await measure(each, [...new Set(["portable", own] as const)])));
  return { adapter: adapter.name, rows };
}

/** A process for each driver, told apart by the environment. */
function everywhere(): readonly Report[] {
  const { VK_ICD_FILENAMES, WEFT_ADAPTER } = process.env;
  const software = { VK_ICD_FILENAMES: "", VK_DRIVER_FILES: "", WEFT_ADAPTER: "software" };
  const environments = [
    software,
    ...(VK_ICD_FILENAMES ? [{ WEFT_ADAPTER: "software" }] : []),
    ...(WEFT_ADAPTER === "hardware" ? [{}] : []),
  ];
  return environments.map((env) => {
    const run = spawnSync(process.execPath, ["scripts/run.mjs", "test/numerics/parity.ts", "--one"], {
      env: { ...process.env, ...env },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 2 ** 26,
    });
    const line = run.stdout.split("\n").find((each) => each.startsWith("{"));
    if (run.status !== 0 || !line) throw new Error(`the measurement ended with ${run.status}\n${run.stdout}`);
    return JSON.parse(line) as Report; // printed below
  });
}

if (values.one) {
  process.stdout.write(`${JSON.stringify(await here())}\n`);
  await closeDevice();
} else {
  const reports = everywhere();
  if (values.json) console.log(JSON.stringify(reports, null, 2));
  else console.log(markdown(reports));
  if (values.docs) {
    const path = fileURLToPath(new URL("../../../docs/numerics.md", import.meta.url));
    writeFileSync(path, documented(readFileSync(path, "utf8"), reports));
    console.error("written to docs/numerics.md");
  }
}
