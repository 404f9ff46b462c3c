/** The runtimes' code, bundled with their packages: for a process of Node, or for a page. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";
import type { PeerInfo } from "./peers/index.ts";

/** A bundle, and how many bytes of code a user of the runtime would be sent, gzipped. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

/** Packages in the older module format expect these of Node. */
const COMMONJS = [
  `import { createRequire as benchRequire } from "node:module";`,
  `import { fileURLToPath as benchPath } from "node:url";`,
  "const require = benchRequire(import.meta.url);",
  `const __filename = benchPath(import.meta.url), __dirname = benchPath(new URL(".", import.meta.url));`,
].join("\n");

/** What surrounds a runtime in a page, in place of what does in Node. */
const pageHost: Plugin = {
  name: "host",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/(host|webgpu)\.ts$/ }, ({ resolveDir }) => ({
      path: `${resolveDir}/host-page.ts`,
    })),
};

/** Native packages stay outside. */
const IN_NODE: BuildOptions = {
  platform: "node",
  target: "node20",
  external: ["webgpu", "onnxruntime-node", "node-fetch"],
  banner: { js: COMMONJS },
};
/** What packages ask of Node alone is never called in a page. */
const IN_PAGE: BuildOptions = {
  platform: "browser",
  target: "es2022",
  external: ["node:*", "fs", "path", "util", "crypto", "worker_threads", "perf_hooks", "os"],
  plugins: [pageHost],
};

/** `folder`: the benchmark's, whose packages are bundled. Throws where a package is missing. */
export async function bundlePeer(
  { file, name, wasm }: PeerInfo,
  folder: string,
  where: "node" | "page",
): Promise<Bundle> {
  const outfile = `${folder}/node_modules/.cache/${where}-${name}.${where === "node" ? "mjs" : "js"}`;
  const { outputFiles } = await build({
    ...(where === "node" ? IN_NODE : IN_PAGE),
    entryPoints: [`${folder}/peers/${file}`],
    outfile,
    bundle: true,
    minify: true,
    mainFields: ["module", "main"],
    conditions: ["import", "browser"],
    format: "esm",
    logLevel: "error",
    write: false,
  });
  const [output] = outputFiles ?? [];
  if (!output) throw new Error(`${name} was not bundled`);
  writeFileSync(outfile, output.contents);
  const sent = [output.contents, ...(wasm ? [readFileSync(`${folder}/node_modules/${wasm}`)] : [])];
  return { file: outfile, bytes: sent.reduce((sum, data) => sum + gzipSync(data).length, 0) };
}

/** Seen from the bundled program in node_modules/.cache. Without a slash at the end. */
export const benchFolder = (): string =>
  fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");
