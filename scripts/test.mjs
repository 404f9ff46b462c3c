// `npm test`: the type check, Biome and every test, whatever the earlier ones say; the last line counts them all.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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

const tool = (path) => join(root, "node_modules", path);
const checks = [
  step("type check", [tool("typescript/bin/tsc"), "--noEmit", "-p", root]),
  step("biome", [tool("@biomejs/biome/bin/biome"), "check", root]),
];
const green = step("vitest", [
  tool("vitest/vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);

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
