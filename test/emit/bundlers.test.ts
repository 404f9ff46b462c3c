/** Model files in projects of Vite, Rollup and Rolldown, and of webpack and what takes its loaders. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { rolldown } from "rolldown";
import { build, createServer, type InlineConfig } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type WeftPluginOptions, weft } from "../../compiler/emit/vite.ts";
import loader, { type WeftLoaderContext } from "../../compiler/emit/webpack.ts";
import { UserError } from "../../compiler/errors.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
};

const MODEL = `import { N, input, linear, model, relu } from "weftgpu";
import { width } from "./width.ts";
const x = input("x", [N, 8]);
const hidden = relu(linear(x, { out: width }));
const y = linear(hidden, { out: 2 });
export default model("tiny", { x }, { y });
`;
/** Eight features go in: nine are one too many. */
const WRONG = MODEL.replace("linear(x, { out: width })", "linear(x, { in: 9, out: width })");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-bundlers-"));
  write({
    "main.ts": 'import tiny, { parameters } from "./tiny.model.ts";\nexport { tiny, parameters };\n',
    "tiny.model.ts": MODEL,
    "wrong.model.ts": WRONG,
    "width.ts": "export const width = 5;\n",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PARAMETERS = {
  "hidden/linear.weight": [5, 8],
  "hidden/linear.bias": [5],
  "y.weight": [2, 5],
  "y.bias": [2],
};

/** What a built file exports. */
const made = (
  file: string,
): Promise<{ readonly tiny: { readonly name: string }; readonly parameters: unknown }> =>
  import(/* @vite-ignore */ `${pathToFileURL(file).href}?${Math.random()}`);

describe("the plugin for Vite", () => {
  const config = (entry: string, options?: WeftPluginOptions): InlineConfig => ({
    root: folder,
    configFile: false,
    logLevel: "silent",
    plugins: [weft(options)],
    build: { lib: { entry: at(entry), formats: ["es"], fileName: () => "vite.mjs" }, outDir: at("dist") },
  });

  test.each([
    [undefined, false],
    [{ wasm: true }, true],
  ])(
    "compiles an imported model file when the page is built, with its runtime: %o",
    async (options, wasm) => {
      await build(config("main.ts", options));
      const { tiny, parameters } = await made(at("dist/vite.mjs"));
      expect({ name: tiny.name, parameters }).toEqual({ name: "tiny", parameters: PARAMETERS });
      const text = readFileSync(at("dist/vite.mjs"), "utf8");
      expect(text).not.toContain("avgPool2d"); // the compiler stays behind
      expect(readdirSync(at("dist")).length > 1).toBe(wasm); // what WebAssembly takes is fetched where it is needed
    },
  );

  test("gives a model's mistake with its place, rule and fix", async () => {
    const error: unknown = await build(config("wrong.model.ts")).catch((e) => e);
    const text = String((error as Error).message);
    expect(text).toContain("wrong.model.ts:4:20"); // columns count from 0 here
    expect(text).toContain("linear expects 9 features, but its input is [N, 8]");
    expect(text).toContain("try: ");
  });

  test("takes no option that it does not know", () => {
    expect(() => weft({ variant: "f16" } as WeftPluginOptions)).toThrow(/weft.*variant/s);
  });

  test("in development compiles a model again when a file that it imports has changed", async () => {
    const server = await createServer({
      ...config("main.ts"),
      server: { middlewareMode: true, ws: false, watch: null },
    });
    try {
      await server.transformRequest("/main.ts"); // a page comes to the model by what imports it
      const compiled = async (): Promise<string> =>
        (await server.transformRequest("/tiny.model.ts"))?.code ?? "nothing";
      expect(await compiled()).toMatch(/\[\s*5,\s*8\s*\]/);
      write({ "width.ts": "export const width = 7;\n" });
      server.watcher.emit("change", at("width.ts")); // as it does by itself, some time later
      while (!/\[\s*7,\s*8\s*\]/.test(await compiled())) await new Promise((next) => setImmediate(next));
    } finally {
      write({ "width.ts": "export const width = 5;\n" });
      await server.close();
    }
  });
});

test("the same plugin is one of Rolldown's, and so of Rollup's", async () => {
  const bundled = await rolldown({ input: at("main.ts"), plugins: [weft()] });
  await bundled.write({ dir: at("rolldown"), entryFileNames: "main.js" });
  await bundled.close();
  expect((await made(at("rolldown/main.js"))).parameters).toEqual(PARAMETERS);
});

describe("the loader for webpack", () => {
  /** What a bundler gives a loader, and what the loader gives it. */
  const loaded = (name: string, options: unknown = {}): Promise<{ code: string; read: readonly string[] }> =>
    new Promise((done, failed) => {
      const read: string[] = [];
      const context: WeftLoaderContext = {
        resourcePath: at(name),
        rootContext: folder,
        addDependency: (path) => read.push(path),
        getOptions: () => options,
        async: () => (error, code) => (error ? failed(error) : done({ code: code ?? "", read })),
      };
      loader.call(context);
    });

  test("makes a module of the model and the runtime, by paths within the project", async () => {
    const { code, read } = await loaded("tiny.model.ts");
    expect(read.toSorted()).toEqual([at("tiny.model.ts"), at("width.ts")]);
    expect([...code.matchAll(/from "(.)/g)].map(([, first]) => first)).toEqual(["."]);
    const stdin = { contents: `${code}\nexport const tiny = { name };`, resolveDir: folder };
    await bundle({ stdin, bundle: true, format: "esm", outfile: at("loaded.js"), logLevel: "silent" });
    const { tiny, parameters } = await made(at("loaded.js"));
    expect({ name: tiny.name, parameters }).toEqual({ name: "tiny", parameters: PARAMETERS });
  });

  test("hands on a model's mistake, and an option that it does not know", async () => {
    const mistake: unknown = await loaded("wrong.model.ts").catch((e) => e);
    expect(mistake).toBeInstanceOf(UserError);
    expect((mistake as UserError).stack).toBe((mistake as UserError).message); // which webpack prints
    expect(String(mistake)).toContain("wrong.model.ts:4:21): linear expects 9 features");
    await expect(loaded("tiny.model.ts", { variant: "f16" })).rejects.toThrow(/weft.*variant/s);
  });
});
