// `npm run docs`: the API reference from the docstrings, in dist/api. TypeDoc and the TypeScript that it needs are
// installed here on first use. A public export without a docstring, or a link that leads nowhere, is an error.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const windows = process.platform === "win32";

/** Runs a command here; a failure is ours. */
function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: folder, stdio: "inherit", shell: windows });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(join(folder, "node_modules/typedoc"))) {
  console.log("docs: installing TypeDoc");
  run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
}
run(process.execPath, join(folder, "node_modules/typedoc/bin/typedoc"), ...process.argv.slice(2));
