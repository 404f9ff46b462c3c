// Builds Weft Studio, a static folder with LeNet in it:
//   node scripts/build-studio.mjs [folder]            dist/studio
//   node scripts/build-studio.mjs [folder] --serve    rebuilt on change, at http://127.0.0.1:8123
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const models = join(root, "models");

const options = (out) => ({
  absWorkingDir: root,
  entryPoints: { main: "studio/main.ts" },
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});

/** What lies in the folder besides programs: the page, a project, its weights and sample pictures. */
function copyFiles(out) {
  mkdirSync(join(out, "samples"), { recursive: true });
  for (const name of ["index.html", "icon.svg"]) copyFileSync(join(root, "studio", name), join(out, name));
  const pictures = readdirSync(join(models, "samples")).filter((name) => name.endsWith(".png"));
  for (const name of pictures) copyFileSync(join(models, "samples", name), join(out, "samples", name));
  copyFileSync(join(models, "lenet.fashion-mnist.safetensors"), join(out, "weights.safetensors"));
  const model = "models/lenet.ts";
  const project = {
    model,
    files: { [model]: readFileSync(join(root, model), "utf8") },
    weights: "weights.safetensors",
    samples: pictures.sort().map((name) => ({ name: basename(name, ".png"), url: `samples/${name}` })),
    live: false,
  };
  writeFileSync(join(out, "project.json"), JSON.stringify(project));
}

export async function buildStudio(out = join(root, "dist/studio")) {
  copyFiles(out);
  await build(options(out));
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = join(root, "dist/studio")] = process.argv.slice(2).filter((a) => !a.startsWith("--"));
  if (process.argv.includes("--serve")) {
    copyFiles(folder);
    const watching = await context(options(folder));
    await watching.watch();
    const { hosts, port } = await watching.serve({ servedir: folder, host: "127.0.0.1", port: 8123 });
    console.log(`http://${hosts[0]}:${port}`);
  } else console.log(await buildStudio(folder));
}
