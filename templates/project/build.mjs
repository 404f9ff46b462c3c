// Builds the page into dist/page. `node build.mjs --serve` serves it, and reloads it when a file has changed.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { context } from "esbuild";
import { weft } from "weftgpu/esbuild";

const folder = "dist/page";
const weights = "shapes.safetensors";

mkdirSync(folder, { recursive: true });
copyFileSync("src/index.html", `${folder}/index.html`);
if (existsSync(weights)) copyFileSync(weights, `${folder}/${weights}`);
else console.log(`there are no weights yet: npm run train makes ${weights}`);

const serve = process.argv.includes("--serve");
const builder = await context({
  entryPoints: ["src/page.ts"],
  outdir: folder,
  bundle: true,
  minify: !serve,
  format: "esm",
  target: "es2022",
  plugins: [weft()], // compiles what is imported from *.model.ts
  define: { RELOAD: String(serve) },
  logLevel: "warning",
});
if (serve) {
  await builder.watch();
  const { port } = await builder.serve({ servedir: folder, host: "127.0.0.1" });
  console.log(`http://localhost:${port}/`);
} else {
  await builder.rebuild();
  await builder.dispose();
  console.log(`the page is in ${folder}`);
}
