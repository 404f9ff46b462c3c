// Builds the page into dist/page. `node build.mjs --serve` serves it, and reloads it when a file or the weights have changed.
import { copyFileSync, existsSync, mkdirSync, watch } from "node:fs";
import { context } from "esbuild";
import { weft } from "weftgpu/esbuild";

const folder = "dist/page";
const weights = "shapes.safetensors";
const copy = () => copyFileSync(weights, `${folder}/${weights}`);

mkdirSync(folder, { recursive: true });
for (const file of ["index.html", "style.css"]) copyFileSync(`src/${file}`, `${folder}/${file}`);
if (existsSync(weights)) copy();
else console.log(`there are no weights yet: npm run train makes ${weights}`);

const serve = process.argv.includes("--serve");
const builder = await context({
  entryPoints: ["src/page.ts"],
  outdir: folder,
  bundle: true,
  splitting: true, // a browser fetches what WebAssembly takes only where it has no WebGPU
  minify: !serve,
  format: "esm",
  target: "es2022",
  plugins: [weft({ wasm: true })], // compiles what is imported from *.model.ts
  banner: serve
    ? { js: 'new EventSource("/esbuild").addEventListener("change", () => location.reload());' }
    : {},
  logLevel: "warning",
});
if (serve) {
  await builder.watch();
  const { port } = await builder.serve({ servedir: folder, host: "127.0.0.1" });
  watch(".", (_, file) => {
    if (file === weights && existsSync(weights)) copy();
  });
  console.log(`http://localhost:${port}/`);
} else {
  await builder.rebuild();
  await builder.dispose();
  console.log(`the page is in ${folder}`);
}
