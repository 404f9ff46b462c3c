// Builds dist/: the package's entry points and the `weft` command as ES modules, and their type declarations.
//   node scripts/build.mjs            everything, Weft Studio too (build-studio.mjs)
//   node scripts/build.mjs --no-types JavaScript only (what the tests need; well under a second)
//
// All entries are built together with shared chunks, so that `weftgpu` and the command use ONE copy of the
// model language, and `weftgpu/runtime` shares no chunk that holds a compiler.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildTypes } from "./build-types.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

export const entries = {
  index: "compiler/index.ts",
  runtime: "runtime/index.ts",
  train: "runtime/train.ts",
  sized: "runtime/sized.ts",
  "sized-train": "runtime/sizedTrain.ts",
  quantised: "runtime/quantised.ts",
  page: "runtime/page/index.ts",
  verify: "runtime/verify/index.ts",
  weights: "runtime/weights.ts",
  wasm: "runtime/wasm/index.ts",
  node: "runtime/node/index.ts",
  vitest: "compiler/emit/vitest.ts",
  golden: "compiler/emit/matcher.ts",
  esbuild: "compiler/emit/esbuild.ts",
  vite: "compiler/emit/vite.ts",
  webpack: "compiler/emit/webpack.ts",
  onnx: "compiler/onnx/index.ts",
  load: "compiler/frontend/index.ts",
  cli: "cli/main.ts",
};

/**
 * ts-morph holds all of TypeScript. Imported, Node reads through it for the names of exports before it runs it; required,
 * it does not, and a command that loads a model starts a fifth of a second earlier.
 */
const required = {
  name: "required",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^ts-morph$/ }, () => ({ path: "ts-morph", namespace: "required" }));
    onLoad({ filter: /./, namespace: "required" }, () => ({
      contents: `import { createRequire } from "node:module";
export const { Node, Project, SyntaxKind, ts, VariableDeclarationKind } = createRequire(import.meta.url)("ts-morph");`,
    }));
  },
};

/** Writes a file whole or not at all; a file that has not changed is left alone. */
function place(path, bytes) {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, bytes, { mode: path.endsWith("cli.js") ? 0o755 : 0o644 });
  renameSync(temporary, path);
}

export async function buildJavaScript() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: ["es2022", "node20"],
    packages: "external",
    plugins: [required],
    chunkNames: "chunk-[hash]",
    legalComments: "none",
    minifySyntax: true, // names stay as they are; comments, which the declarations have, go
    logLevel: "warning",
    write: false,
  });
  // Chunks first, so that no entry ever imports one that is not there yet.
  const isEntry = (file) => basename(file.path).replace(/\.js$/, "") in entries;
  for (const file of [...outputFiles].sort((a, b) => isEntry(a) - isEntry(b)))
    place(file.path, Buffer.from(file.contents));
  return new Set(outputFiles.map((file) => file.path));
}

/** Removes the chunks of earlier builds, save recent ones, which a running process may be about to import. */
function removeStale(fresh) {
  const recent = Date.now() - 10 * 60_000;
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    const old = /^chunk-.*\.js$/.test(name) && !fresh.has(path) && statSync(path).mtimeMs < recent;
    if (old) rmSync(path, { force: true });
  }
}

/**
 * Makes `npx weft` work within this repository: npm links the commands of dependencies, but not the package's own,
 * and npx would ask the registry for a package of that name.
 */
function linkCommand() {
  const folder = join(root, "node_modules/.bin");
  if (!existsSync(folder)) return;
  if (process.platform === "win32")
    place(join(folder, "weft.cmd"), Buffer.from('@node "%~dp0\\..\\..\\dist\\cli.js" %*\r\n'));
  else {
    const link = join(folder, "weft");
    rmSync(link, { force: true });
    symlinkSync("../../dist/cli.js", link);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    removeStale(await buildJavaScript());
    linkCommand();
    if (!process.argv.includes("--no-types")) {
      buildTypes();
      // The studio's editor holds the declarations.
      await (await import("./build-studio.mjs")).buildStudio();
    }
  } catch (error) {
    // esbuild and tsc have printed the places already.
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
