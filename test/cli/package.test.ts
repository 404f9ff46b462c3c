/** What the built package promises: a runtime without a compiler, a core without Node, types for every entry. */
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, inject, test } from "vitest";
import { root } from "./weft.ts";

interface Reached {
  readonly files: readonly string[];
  /** Characters of it in one file, as a bundler makes it. */
  readonly size: number;
  /** What is imported from outside: packages and Node's modules. */
  readonly outside: readonly string[];
}

/** Everything that a built entry loads, dynamic imports included. */
async function reach(entry: string, define: Readonly<Record<string, string>> = {}): Promise<Reached> {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "never",
    write: false,
    metafile: true,
    logLevel: "silent",
    define,
    minifySyntax: true, // what is left out is
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const outside = imports.flatMap((i) => (i.external ? [i.path] : []));
  const size = outputFiles.reduce((sum, { text }) => sum + text.length, 0);
  return { files: Object.keys(metafile.inputs), size, outside: [...new Set(outside)].sort() };
}

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const packageJson = JSON.parse(read("package.json"));
const text = ({ files }: Reached): string => files.map(read).join("\n");

describe("the built package", () => {
  test("was built from the present sources", () => expect(inject("buildError")).toBe(""));

  test("weftgpu/runtime has no dependency and holds no compiler", async () => {
    const runtime = await reach("dist/runtime.js");
    expect(runtime.outside).toEqual([]);
    expect(text(runtime)).not.toMatch(/function (?:partition|lower|simplify|planMemory)\(/);
    const webgpu = await reach("dist/runtime.js", { WEFT_WEBGPU_ONLY: "true" });
    expect(webgpu.size).toBeLessThan(47_100); // 42,200 before quantised weights and indices in range, 45,000 before constants, 45,300 before kernels for the batch that comes and labels of any width; 300 of them tell of each tensor, for weftgpu/verify and weftgpu/page
  });

  test("brings no browser along: npm's software adapter is for Weft's own tests, and for who installs it", () => {
    const { packages } = JSON.parse(read("package-lock.json"));
    const name = "@sparticuz/chromium";
    expect(packages[`node_modules/${name}`].dev).toBe(true);
    expect(packages[""].peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(packages[""].optionalDependencies).toBeUndefined();
    expect(packageJson.peerDependenciesMeta[name]).toEqual({ optional: true });
    for (const wanted of [packageJson.dependencies, packageJson.optionalDependencies ?? {}])
      expect(Object.keys(wanted)).not.toContain(name);
  });

  test("weftgpu runs in a page: the language and the compiler use no Node and no package", async () => {
    expect((await reach("dist/index.js")).outside).toEqual([]);
  });

  test("weftgpu and the command share one copy of the model language", async () => {
    const shared = (await reach("dist/index.js")).files.filter((file) =>
      /\bconv2d = convolution\(/.test(read(file)),
    );
    expect(shared).toHaveLength(1);
    expect((await reach("dist/cli.js")).files).toContain(shared[0]);
  });

  test("every entry point exists, and what the code imports is a declared dependency", async () => {
    const entries: readonly string[] = Object.values<string | { readonly default: string }>(
      packageJson.exports,
    ).map((entry) => (typeof entry === "string" ? entry : entry.default));
    for (const entry of entries) expect(existsSync(join(root, entry))).toBe(true);
    const code = ["cli", "node", "esbuild", "index", "runtime"].map((name) => reach(`dist/${name}.js`));
    const used = (await Promise.all(code))
      .flatMap(({ outside }) => outside)
      .filter((name) => !isBuiltin(name))
      .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
    // What may be missing is asked for where it is wanted.
    const declared = Object.keys({ ...packageJson.dependencies, ...packageJson.peerDependencies });
    expect([...new Set(used)].filter((name) => !declared.includes(name))).toEqual([]);
  });
});
