// Builds Weft Studio, a static folder with LeNet in it:
//   node scripts/build-studio.mjs [folder]            dist/studio
//   node scripts/build-studio.mjs [folder] --serve    rebuilt on change, at http://127.0.0.1:8123
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";
import { freshTypes, isFresh } from "./build-types.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const models = join(root, "models");

const options = (out) => ({
  absWorkingDir: root,
  entryPoints: {
    main: "studio/main.ts",
    language: "studio/compile/languageWorker.ts",
    model: "studio/compile/modelWorker.ts",
    onnx: "studio/compile/onnxWorker.ts",
  },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  plugins: [forPages()],
  define: { "process.env.NODE_ENV": '"production"' },
});

/** TypeScript's own declarations that the editor needs: the language's, not the browser's. */
const needed =
  /^lib\.(?:es5|es2015|es2016|es2017|es2018|es2019|es202[0-3]|decorators)(?:\.(?!full).+)?\.d\.ts$/;

function forPages() {
  return {
    name: "for pages",
    setup({ onResolve, onLoad }) {
      // The profiler's clock is a page's too; what ts-morph asks of Node is not called on files in memory.
      onResolve({ filter: /^(?:node:)?perf_hooks$/ }, () => ({ path: "clock", namespace: "page" }));
      onLoad({ filter: /.*/, namespace: "page" }, () => ({
        contents: "export const performance = globalThis.performance;",
      }));
      onLoad({ filter: /ts-morph-common\.js$/ }, ({ path }) => ({
        contents: slim(readFileSync(path, "utf8")),
      }));
    },
  };
}

/** Leaves out the declarations that are not needed: two megabytes of text. */
function slim(code) {
  const begin = code.indexOf("const libFiles = [");
  const end = code.indexOf("];", code.indexOf("function getLibFiles") - 6);
  if (begin < 0 || end < begin) throw new Error("ts-morph keeps its declarations elsewhere now");
  const all = new Function(`${code.slice(begin, end)}]; return libFiles;`)();
  const kept = all.filter(({ fileName }) => needed.test(fileName));
  return `${code.slice(0, begin)}const libFiles = ${JSON.stringify(kept)};${code.slice(end + 2)}`;
}

/** What lies in the folder besides programs: the page, a project, its weights and sample pictures. */
function copyFiles(out) {
  mkdirSync(join(out, "samples"), { recursive: true });
  for (const name of ["index.html", "icon.svg"]) copyFileSync(join(root, "studio", name), join(out, name));
  const pictures = readdirSync(join(models, "samples")).filter((name) => name.endsWith(".png"));
  for (const name of pictures) copyFileSync(join(models, "samples", name), join(out, "samples", name));
  copyFileSync(join(models, "lenet.fashion-mnist.safetensors"), join(out, "lenet.fashion-mnist.safetensors"));
  const model = "models/lenet.ts";
  const project = {
    model,
    files: { [model]: readFileSync(join(root, model), "utf8") },
    weights: "lenet.fashion-mnist.safetensors",
    samples: pictures.sort().map((name) => ({ name: basename(name, ".png"), url: `samples/${name}` })),
    live: false,
  };
  writeFileSync(join(out, "project.json"), JSON.stringify(project));
}

/** weftgpu's declarations: the texts of compiler/index.d.ts and of all that it refers to. */
function writeTypes(out) {
  const folder = join(root, "dist/types");
  freshTypes();
  const texts = {};
  const visit = (path) => {
    if (path in texts) return;
    texts[path] = readFileSync(join(folder, path), "utf8");
    for (const [, to] of texts[path].matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
      visit(posix.join(posix.dirname(path), to.replace(/(?:\.d)?\.ts$/, ".d.ts")));
  };
  visit("compiler/index.d.ts");
  writeFileSync(join(out, "types.json"), JSON.stringify(texts));
}

export async function buildStudio(out = join(root, "dist/studio")) {
  copyFiles(out);
  writeTypes(out);
  await build(options(out));
  return out;
}

/** dist/studio, built anew only where something that it is made of is newer. */
export async function freshStudio() {
  const out = join(root, "dist/studio");
  const sources = ["studio", "compiler", "contract", "runtime", "data", "cli", "models", "scripts"];
  if (!isFresh("dist/studio/main.js", sources)) await buildStudio(out);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = join(root, "dist/studio")] = process.argv.slice(2).filter((a) => !a.startsWith("--"));
  if (process.argv.includes("--serve")) {
    copyFiles(folder);
    writeTypes(folder);
    const watching = await context(options(folder));
    await watching.watch();
    const { hosts, port } = await watching.serve({ servedir: folder, host: "127.0.0.1", port: 8123 });
    console.log(`http://${hosts[0]}:${port}`);
  } else console.log(await buildStudio(folder));
}
