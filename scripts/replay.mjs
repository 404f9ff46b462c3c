// What the compiler writes now against what another commit's wrote: `npm run replay -- REF [MODEL…]`.
// Every kernel of every model, target and precision, inference and training, byte for byte. Ends with 1 where they differ.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Differences that are shown whole. */
const SHOWN = 3;

/** The models that a tree has. */
function modelsOf(folder) {
  return ["models", "models/lecture"].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${part}/${name}`),
  );
}

/** The texts that a tree's compiler writes for its own models. */
async function writtenBy(folder, models, temporary) {
  const outfile = join(temporary, `cases-${basename(folder)}.mjs`);
  const imports = models.map((path, i) => `import m${i} from ${JSON.stringify(join(folder, path))};`);
  const table = models.map((path, i) => `${JSON.stringify(path)}: m${i}`);
  await build({
    stdin: {
      contents: [
        `import { written } from ${JSON.stringify(join(root, "test/replay/cases.ts"))};`,
        ...imports,
        `export default written({ ${table.join(", ")} });`,
      ].join("\n"),
      resolveDir: folder,
    },
    alias: { weftgpu: join(folder, "compiler/index.ts") },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
  });
  return (await import(pathToFileURL(outfile).href)).default;
}

const [ref, ...only] = process.argv.slice(2);
if (!ref) {
  console.error("usage: npm run replay -- REF [MODEL…]   e.g. npm run replay -- HEAD~1 lenet resnet18");
  process.exit(1);
}
const temporary = mkdtempSync(join(tmpdir(), "weft-replay-"));
try {
  const before = join(temporary, "before");
  mkdirSync(before);
  const archive = execFileSync("git", ["archive", "--format=tar", ref], {
    cwd: root,
    maxBuffer: 2 ** 28,
  });
  execFileSync("tar", ["-x", "-C", before], { input: archive });
  symlinkSync(join(root, "node_modules"), join(before, "node_modules"));
  const there = new Set(modelsOf(before));
  const models = modelsOf(root).filter(
    (path) => there.has(path) && (only.length === 0 || only.includes(basename(path, ".ts"))),
  );
  const old = await writtenBy(before, models, temporary);
  const now = await writtenBy(root, models, temporary);
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const differing = keys.filter((key) => old[key] !== now[key]);
  for (const [i, key] of differing.entries()) {
    const what = old[key] === undefined ? "new" : now[key] === undefined ? "gone" : "differs";
    console.log(`${what}: ${key}`);
    if (i >= SHOWN || what !== "differs") continue;
    const files = [old, now].map((texts, side) => {
      const path = join(temporary, `${side === 0 ? "before" : "after"}.txt`);
      writeFileSync(path, texts[key]);
      return path;
    });
    try {
      execFileSync("git", ["diff", "--no-index", "--no-color", ...files]);
    } catch (error) {
      console.log(`${error.stdout}`); // git ends with 1 where files differ
    }
  }
  console.log(`${models.length} models, ${keys.length} texts, ${differing.length} differ from ${ref}`);
  process.exitCode = differing.length > 0 ? 1 : 0;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
