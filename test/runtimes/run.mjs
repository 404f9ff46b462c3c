// `npm run runtimes`: tries Weft in Node, Deno and Bun, which are installed here from npm on first use. The built
// command compiles, runs and trains; what is compiled has to be the same, byte by byte, as in Node. Then a program runs
// on the runtime's own WebGPU, where it has one.
//
//   npm run runtimes            all three
//   npm run runtimes -- deno    one of them
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const cli = join(root, "dist/cli.js");

if (!existsSync(join(here, "node_modules/deno"))) {
  console.log("runtimes: installing Deno and Bun");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: here,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** The program itself in the package of this platform: its installer's script is not run. */
function binary(scope, ...path) {
  const folder = join(here, "node_modules", scope);
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    for (const suffix of ["", ".exe"]) {
      const file = `${join(folder, name, ...path)}${suffix}`;
      if (!existsSync(file)) continue;
      if (suffix === "") chmodSync(file, 0o755);
      if (spawnSync(file, ["--version"]).status === 0) return file;
    }
  return undefined;
}

const runtimes = {
  node: { command: process.execPath, args: [] },
  deno: { command: binary("@deno", "deno"), args: ["run", "--allow-all"] },
  bun: { command: binary("@oven", "bin", "bun"), args: [] },
};
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in runtimes));
if (unknown.length > 0) {
  console.error(`runtimes: ${unknown.join(", ")} is none of ${Object.keys(runtimes).join(", ")}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "weft-runtimes-"));

function start({ command, args }, ...rest) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, [...args, ...rest], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", WEFT_ADAPTER: process.env.WEFT_ADAPTER ?? "software" },
    timeout: 120_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`ended with ${status ?? signal}\n${stdout}${stderr}`.trimEnd());
  return stdout;
}

function compiled(runtime, name) {
  const out = join(folder, name);
  mkdirSync(out, { recursive: true });
  start(runtime, cli, "compile", "models/lenet.ts", "--out", out);
  return Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(join(out, file), "utf8")]));
}

const model = ["models/lenet.ts", "--weights", "models/lenet.fashion-mnist.safetensors"];
const checks = {
  "compile, the same bytes as in Node": (runtime, name) => {
    const [own, reference] = [compiled(runtime, name), compiled(runtimes.node, "reference")];
    const other = Object.keys({ ...own, ...reference }).filter((file) => own[file] !== reference[file]);
    if (other.length > 0) throw new Error(`other bytes: ${other.join(", ")}`);
  },
  "run on Dawn": (runtime) => {
    const args = ["--classes", "fashion-mnist", "--input", "models/samples/bag.png", "--format", "json"];
    const { adapter, predictions } = JSON.parse(start(runtime, cli, "run", ...model, ...args));
    const best = predictions[0]?.top[0]?.class;
    if (best !== "Bag") throw new Error(`the bag is taken for ${best}`);
    return adapter;
  },
  "train on Dawn": (runtime, name) => {
    const out = join(folder, `${name}.safetensors`);
    const args = ["--epochs", "1", "--limit", "64", "--batch", "32", "--out", out, "--format", "json"];
    const { loss } = JSON.parse(start(runtime, cli, "train", "models/lenet.ts", ...args));
    if (!(loss > 0)) throw new Error(`the loss is ${loss}`);
    return `loss ${loss.toFixed(4)}`;
  },
  "run on its own WebGPU": (runtime, name) => {
    const program = join(folder, name, "program.json");
    return start(runtime, join(here, "own.mjs"), root, program).trim() || "none";
  },
};

let failed = 0;
try {
  for (const [name, runtime] of Object.entries(runtimes)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    if (!runtime.command) {
      console.log(`${name}: there is none for this platform`);
      continue;
    }
    const { stdout } = spawnSync(runtime.command, ["--version"], { encoding: "utf8" });
    console.log(`${name} ${/\d+\.\d+\.\d+/.exec(stdout)?.[0]}`);
    for (const [what, check] of Object.entries(checks))
      try {
        const found = check(runtime, name);
        console.log(`  ✓ ${what}${found ? `: ${found}` : ""}`);
      } catch (error) {
        failed++;
        console.log(`  ✗ ${what}: ${error instanceof Error ? error.message : error}`);
      }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
