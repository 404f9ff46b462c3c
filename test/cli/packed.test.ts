/** What `npm pack` makes, used in an empty folder: its files, its types, its runtime, and a project made with it. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { driverManifests, findGpu } from "../../runtime/node/device.ts";
import { closePages, complaints, sharedBrowser } from "../pages/chromium.ts";
import { serve } from "../pages/server.ts";
import { BUDGET } from "../runtime/budget.ts";
import { type Packed, unpack } from "./packed.ts";

/** A machine with another adapter than npm's has no need of what is tested without one. */
const gpu = (await findGpu()) !== undefined || driverManifests().length > 0;

let packed: Packed;
let manifest: { readonly exports: Readonly<Record<string, unknown>>; readonly version: string };
beforeAll(() => {
  packed = unpack();
  manifest = JSON.parse(readFileSync(join(packed.weftgpu, "package.json"), "utf8"));
});
afterAll(() => packed?.remove());

/** `weftgpu`, `weftgpu/runtime`, …, without package.json. */
const entries = (): readonly string[] =>
  Object.keys(manifest.exports).flatMap((key) =>
    key.endsWith(".json") ? [] : [key.replace(/^\./, "weftgpu")],
  );

describe("the packed package", () => {
  test("holds what is used, and no file of Weft's development", () => {
    const files = readdirSync(packed.weftgpu, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(packed.weftgpu.length + 1));
    const wanted =
      /^(?:dist\/[\w-]+\.js|dist\/studio\/.+|dist\/types\/.+\.d\.ts|models\/.+|templates\/.+|[A-Z]+(?:\.md)?|package\.json)$/;
    expect(files.filter((file) => !wanted.test(file))).toEqual([]);
    expect(files.filter((file) => /node_modules|tsconfig\.build|\.map$|\.tmp$/.test(file))).toEqual([]);
    for (const file of ["LICENSE", "README.md", "dist/cli.js", "models/lenet.ts"])
      expect(files).toContain(file);
  });

  test("gives every entry point to Node, and no other file", () => {
    const tried = [...entries(), "weftgpu/dist/cli.js", "weftgpu/compiler/index.ts"].filter(
      (name) => name !== "weftgpu/vitest", // it wants a test to be running
    );
    const code = `for (const name of ${JSON.stringify(tried)})
      console.log(name, await import(name).then((m) => Object.keys(m).length > 0, (e) => e.code));`;
    writeFileSync(join(packed.folder, "entries.mjs"), code);
    const lines = packed.run(packed.folder, process.execPath, "entries.mjs").trim().split("\n");
    const refused = "ERR_PACKAGE_PATH_NOT_EXPORTED";
    expect(lines).toEqual(
      tried.map((name) => `${name} ${/\/(?:dist|compiler)\//.test(name) ? refused : "true"}`),
    );
  });

  test.each([
    ["nodenext", "nodenext"],
    ["preserve", "bundler"],
  ])("has types for TypeScript's module %s", (module, moduleResolution) => {
    const folder = join(packed.folder, module);
    const lines = entries().map((name, i) => `export * as e${i} from "${name}";`);
    // A name that is no `any`: the error that is expected has to be one.
    const use = `import { input, N } from "weftgpu";
import type { Session } from "weftgpu/runtime";
export const shape: readonly [typeof N, 3] = input("x", [N, 3]).shape;
// @ts-expect-error
export const wrong: number = input("x", [N, 3]);
// @ts-expect-error
export const session: Session = 1;
`;
    writeProject(folder, {
      "package.json": '{ "type": "module" }',
      "use.ts": `${lines.join("\n")}\n${use}`,
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: "es2022",
          lib: ["es2023", "dom"],
          types: ["node"],
          strict: true,
          noEmit: true,
          skipLibCheck: true,
        },
        files: ["use.ts"],
      }),
    });
    expect(packed.run(folder, "tsc", "-p", ".")).toBe("");
  });

  test("has a runtime that a page bundles without any compiler", async () => {
    const { metafile, outputFiles } = await build({
      stdin: {
        contents: 'export { load } from "weftgpu/runtime";',
        resolveDir: packed.folder,
      },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      write: false,
      metafile: true,
      logLevel: "silent",
      define: { WEFT_WEBGPU_ONLY: "true" },
    });
    const code = outputFiles[0]?.contents ?? new Uint8Array();
    expect(gzipSync(code).length).toBeLessThanOrEqual(BUDGET + 15); // as built, in parts that import each other
    const outside = Object.keys(metafile.inputs).filter((file) => !/weftgpu\/dist\/|^<stdin>$/.test(file));
    expect(outside).toEqual([]);
    const text = Buffer.from(code).toString();
    for (const word of ["conv2d", "esbuild", "ts-morph", "@workgroup_size", "node:"])
      expect(text).not.toContain(word);
  });

  test("answers to its own name, as npx calls it", () => {
    for (const name of ["weft", "weftgpu"])
      expect(packed.run(packed.folder, name, "--version").trim()).toBe(manifest.version);
  });
});

describe("a project of weft init", () => {
  let project = "";
  beforeAll(() => {
    project = join(packed.folder, "my-model");
    packed.run(packed.folder, "weftgpu", "init", "my-model");
  });
  const npm = (...args: readonly string[]): string => packed.run(project, "npm", "--silent", ...args);

  test("builds, and its tests pass", () => {
    expect(npm("run", "build")).toContain("the page is in dist/page");
    expect(existsSync(join(project, "dist/page/page.js"))).toBe(true);
    expect(npm("test")).toMatch(/Tests {2}2 passed/);
  });

  test.skipIf(gpu)("runs without any adapter, in WebAssembly; what asks for one says how to get it", () => {
    const picture = join(packed.weftgpu, "models/samples/bag.png");
    const run = ["run", "src/shapes.model.ts", "-i", picture, "--no-pictures"];
    expect(packed.run(project, "weft", ...run)).toMatch(
      /1 example in [\d.]+ ms on WebAssembly, \d+ threads?$/m,
    );
    expect(() => packed.run(project, "weft", ...run, "--device", "software")).toThrow(
      process.arch === "x64"
        ? /@sparticuz\/chromium is not installed.*npm i -D @sparticuz\/chromium@147.*--device wasm/s
        : /no WebGPU adapter.*--device wasm/s,
    );
  });

  test("has a golden test that can fail", () => {
    const model = join(project, "src/shapes.model.ts");
    const before = readFileSync(model, "utf8");
    writeFileSync(model, before.replace("relu(conv1)", "conv1"));
    try {
      expect(() => packed.run(project, "vitest", "run", "-t", "kernels")).toThrow(
        /shapes does not compile to what test\/golden holds/,
      );
    } finally {
      writeFileSync(model, before);
    }
  });

  test("trains, and its page takes a drawing", async () => {
    shorten(project);
    expect(npm("run", "train")).toMatch(/^epoch 1: loss \d\.\d{3}, \d+\.\d% of the test shapes right$/m);
    npm("run", "build");
    const site = await serve({ "/page": join(project, "dist/page") });
    const browser = await sharedBrowser();
    try {
      const page = await browser.newPage();
      const list = complaints(page);
      await page.goto(`${site.origin}/page/index.html`);
      await page.waitForFunction(
        'document.querySelector("#verdict").textContent.startsWith("A circle, a square")',
      );
      const box = await page.locator("#pad").boundingBox();
      if (!box) throw new Error("no pad");
      await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.2 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.8 * box.width, box.y + 0.8 * box.height, { steps: 8 });
      await page.mouse.up();
      await expect
        .poll(() => page.textContent("#verdict"))
        .toMatch(/^(?:circle|square|triangle|cross), \d+% sure$/);
      expect(list).toEqual([]);
    } finally {
      await closePages();
      await site.close();
    }
  });
});

describe("projects of the other templates", () => {
  const made = (template: string): string => {
    packed.run(packed.folder, "weftgpu", "init", `my-${template}`, "--template", template);
    return join(packed.folder, `my-${template}`);
  };
  const npm = (project: string, ...args: readonly string[]): string =>
    packed.run(project, "npm", "--silent", ...args);

  test("node: trains, and runs what it trained; its types are right", () => {
    const project = made("node");
    expect(() => npm(project, "start")).toThrow(
      /there are no weights yet: npm run train makes shapes\.safetensors/,
    );
    shorten(project);
    expect(npm(project, "run", "train")).toMatch(
      /^the weights are in shapes\.safetensors; npm start runs the model$/m,
    );
    const words = "(circle|square|triangle|cross)";
    expect(
      npm(project, "start", "--", "3").match(new RegExp(`^a ${words}; the model says ${words}$`, "gm")),
    ).toHaveLength(4);
    expect(packed.run(project, "tsc")).toBe("");
  });

  test("train: a table, a training and a measurement, by commands alone", () => {
    const project = made("train");
    const manifest = join(project, "package.json");
    const text = readFileSync(manifest, "utf8");
    expect(text).toContain("--epochs 60");
    writeFileSync(manifest, text.replace("--epochs 60", "--epochs 3"));
    const printed = npm(project, "start");
    expect(printed).toMatch(/^epoch 3\/3 {2}loss /m);
    expect(printed).toMatch(/^(?:red|green|blue) +\d+\/\d+ /m);
    expect(printed).toMatch(/^acc 0\.\d{4} \(\d+ of 300 right\), spirals on new\.csv$/m);
    for (const file of ["curves.svg", "spirals.safetensors"])
      expect(existsSync(join(project, file))).toBe(true);
  });

  test("vite: is built, and served while it is worked on", async () => {
    const project = made("vite");
    shorten(project);
    expect(npm(project, "run", "train")).toContain("the weights are in public/shapes.safetensors");
    npm(project, "run", "build"); // tsc too
    const assets = readdirSync(join(project, "dist/assets"));
    expect(assets.some((name) => /^wasm-.*\.js$/.test(name))).toBe(true); // fetched where there is no WebGPU alone
    for (const file of ["index.html", "shapes.safetensors"])
      expect(existsSync(join(project, "dist", file))).toBe(true);
    expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8")).scripts).toMatchObject({
      dev: "vite",
      start: "vite",
    });
    const server = spawn(join(packed.folder, "node_modules/.bin/vite"), [], {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1" },
    });
    try {
      const origin = await new Promise<string>((resolve, reject) => {
        let printed = "";
        for (const stream of [server.stdout, server.stderr])
          stream.setEncoding("utf8").on("data", (text: string) => {
            printed += text;
            const found = /Local: +(http:\S+)\//.exec(printed)?.[1];
            if (found) resolve(found);
          });
        server.on("close", () => reject(new Error(printed)));
      });
      const read = async (path: string) => {
        const response = await fetch(`${origin}/${path}`);
        return { status: response.status, text: await response.text() };
      };
      expect((await read("")).text).toContain('src="/src/page.ts"');
      expect((await read("src/shapes.model.ts")).text).toContain("@compute");
      expect((await read("shapes.safetensors")).status).toBe(200);
      expect((await read("none.safetensors")).status).toBe(404); // and no page in its place
    } finally {
      server.kill();
    }
  });
});

/** The training of a project in a moment. */
function shorten(project: string): void {
  const script = join(project, "src/train.ts");
  const short = readFileSync(script, "utf8")
    .replace("examples(1600, 1)", "examples(200, 1)")
    .replace("examples(400, 2)", "examples(40, 2)")
    .replace("epochs: 6", "epochs: 1");
  expect(short.match(/200, 1|40, 2|epochs: 1/g)).toHaveLength(3);
  writeFileSync(script, short);
}

function writeProject(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
