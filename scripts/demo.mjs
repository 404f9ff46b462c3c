// `npm start`: the command at work on LeNet. Each step is a command line that can be typed as well.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cli = join(root, "dist/cli.js");
if (!existsSync(cli)) {
  console.error("dist/ is missing: run `npm ci` or `npm run build` first");
  process.exit(1);
}

function weft(title, args) {
  console.log(`\n${title}\n$ npx weft ${args.join(" ")}\n`);
  const { status } = spawnSync(process.execPath, [cli, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const samples = readdirSync(join(root, "models/samples"))
  .filter((name) => name.endsWith(".png"))
  .map((name) => `models/samples/${name}`);

weft("1. The shape of every layer, and why", ["shapes", "models/lenet.ts"]);
weft("2. What is fused into which kernel, and what is not", [
  "compile",
  "models/lenet.ts",
  "--out",
  "dist/lenet",
]);
weft("3. The compiled model looks at pictures", [
  "run",
  "models/lenet.ts",
  "--weights",
  "models/lenet.fashion-mnist.safetensors",
  "--classes",
  "fashion-mnist",
  "--input",
  ...samples,
]);
console.log("Next: read models/lenet.ts, change it, and run `npx weft shapes models/lenet.ts` again.");
