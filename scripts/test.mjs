// `npm test`: the type check, Biome, every test, and a new project with the newest versions of npm (try-package.mjs),
// whatever the earlier ones say; the last line counts them all. `npm test -- FILTER …` leaves the new project out.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** try-package.mjs's exit code where npm's registry is out of reach. */
const UNREACHABLE = 75;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules/.cache/weft");
const report = join(folder, `tests-${process.pid}.json`);
mkdirSync(folder, { recursive: true });

function step(title, args) {
  const start = performance.now();
  console.log(`\n— ${title}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  console.log(
    `— ${title}: ${status === 0 ? "passed" : "FAILED"} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  return status === 0;
}

/** The new project is tried beside the tests, since it waits for npm's registry for most of its time. */
function beginNewest() {
  const path = join(folder, `newest-${process.pid}.txt`);
  const output = openSync(path, "w");
  const { VITEST: _, CI: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, "scripts/try-package.mjs"), "tarball", "link"], {
    cwd: root,
    stdio: ["ignore", output, output],
    env: { ...env, WEFT_BUILT: "1" },
  });
  closeSync(output);
  const ended = new Promise((resolve) => {
    child.on("exit", resolve);
    child.on("error", resolve);
  });
  return { path, ended };
}

/** Whether it works; undefined where npm's registry is out of reach, and so nothing can be said. */
async function endNewest({ path, ended }) {
  console.log("\n— a new project with the newest versions, from the tarball and linked");
  const code = await ended;
  const text = readFileSync(path, "utf8");
  rmSync(path, { force: true });
  for (const note of text.match(/^note: .*$/gm) ?? []) console.log(note);
  if (code === UNREACHABLE) console.log("not tried: npm's registry is out of reach");
  else if (code !== 0) console.log(text.slice(-8000));
  console.log(`— a new project: ${code === 0 ? "passed" : code === UNREACHABLE ? "not tried" : "FAILED"}`);
  return code === UNREACHABLE ? undefined : code === 0;
}

const tool = (path) => join(root, "node_modules", path);
const all = process.argv.length === 2;
const checks = all ? [step("build", [join(root, "scripts/build.mjs")])] : [];
const newest = all && checks[0] ? beginNewest() : undefined;
checks.push(
  step("type check", [tool("typescript/bin/tsc"), "--noEmit", "-p", root]),
  step("biome", [tool("@biomejs/biome/bin/biome"), "check", root]),
);
const green = step("vitest", [
  tool("vitest/vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);

const project = newest && (await endNewest(newest));
if (project !== undefined) checks.push(project);

let passed = checks.filter(Boolean).length;
let failed = checks.length - passed;
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  // A test file that does not even load has no failed test of its own.
  if (!green && result.numFailedTests === 0) failed += Math.max(1, result.numFailedTestSuites);
} catch {
  failed += 1; // Vitest did not get as far as a report.
}
rmSync(report, { force: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
