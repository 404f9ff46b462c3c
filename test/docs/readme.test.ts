/** What README and docs say is done: their code is type-checked and run, their outputs and numbers are compared. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Compilation, compile } from "../../compiler/compile.ts";
import { type Emitted, emit, pageTraining } from "../../compiler/emit/index.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { showCount } from "../../compiler/ir/type.ts";
import { verifyProgram } from "../../compiler/passes/verifyProgram.ts";
import { sgd } from "../../compiler/train/index.ts";
import { freshTypes } from "../../scripts/build-types.mjs";
import { onUsualAdapter } from "../adapter.ts";
import { weft } from "../cli/weft.ts";
import { closePages, complaints, sharedBrowser } from "../pages/chromium.ts";
import { serve } from "../pages/server.ts";
import { type Block, blocksFor, patternOf, promisedShapes, read, root, shapesOf } from "./blocks.ts";

/** Within the repository, so that packages and the paths of tsconfig.json are found; never committed. */
const folder = join(root, "dist", `docs-${process.pid}`);
const fileOf = (block: Block, i: number): string =>
  block.mode === "check" && block.argument !== "" ? block.argument : `block${i}.ts`;
const code = blocksFor("ts", "run", "check", "model");

let lenet: Compilation;
let emitted: Emitted;

beforeAll(async () => {
  lenet = compile((await loadModel(join(root, "models/lenet.ts"))).graph);
  mkdirSync(folder, { recursive: true });
  const training = pageTraining(lenet.source, { optimizer: sgd({ lr: 0.9 }) });
  emitted = await emit(lenet, join(folder, "dist/lenet"), { training });
  for (const [i, block] of code.entries()) writeFileSync(join(folder, fileOf(block, i)), block.code);
  writeFileSync(join(folder, "lenet.model.ts"), 'export { default } from "../../models/lenet.ts";\n');
  freshTypes(); // what a user has, and quicker to check than the sources: no paths
  const compilerOptions = { noUnusedLocals: false, paths: {} };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"] }),
  );
});
afterAll(async () => {
  await closePages();
  rmSync(folder, { recursive: true, force: true });
});

describe("TypeScript", () => {
  test("passes the type check", () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    let findings = "";
    try {
      execFileSync(process.execPath, [tsc, "--noEmit", "--pretty", "false", "-p", folder], {
        cwd: folder,
        encoding: "utf8",
      });
    } catch (error) {
      findings = String((error as { stdout?: unknown }).stdout ?? error); // tsc prints to stdout
    }
    expect(findings).toBe("");
  });

  const runnable = code.flatMap((block, i) =>
    block.mode === "run" ? [[block.place, block, i] as const] : [],
  );
  test.each(runnable)("%s runs and prints what its comments say", async (_, block, i) => {
    const printed: unknown[] = [];
    const spy = vi.spyOn(console, "log").mockImplementation((value) => printed.push(value));
    try {
      const script = pathToFileURL(join(folder, fileOf(block, i))).href;
      await onUsualAdapter(() => import(/* @vite-ignore */ script));
    } finally {
      spy.mockRestore();
    }
    const promised = [...block.code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map((m) =>
      JSON.parse(m[1] ?? ""),
    );
    expect(promised.length).toBeGreaterThan(0);
    expect(printed.filter((value) => typeof value !== "string")).toEqual(promised); // strings are remarks
  });

  const models = code.flatMap((block, i) =>
    block.mode === "model" ? [[block.place, block, i] as const] : [],
  );
  test.each(models)("%s is a model that compiles", async (_, block, i) => {
    const { graph } = await loadModel(join(folder, fileOf(block, i)));
    expect(shapesOf(graph)).toBe(promisedShapes(block));
    const { program } = compile(graph);
    verifyProgram(program);
    for (const [, count] of block.code.matchAll(/\/\/ (one) kernel$/gm)) {
      expect(count).toBe("one");
      expect(program.kernels).toHaveLength(1);
    }
  });

  test.each(blocksFor("ts", "source").map((b) => [b.place, b] as const))("%s is an excerpt", (_, block) => {
    const plain = (line: string): string => line.trim().replace(/\s+/g, " ").replace(/;$/, "");
    const source = read(block.argument).split("\n").map(plain);
    let at = 0;
    for (const line of block.code.split("\n").map(plain).filter(Boolean)) {
      const found = source.indexOf(line, at);
      expect(found, `${block.argument} has no line "${line}" after line ${at}`).toBeGreaterThanOrEqual(0);
      at = found + 1;
    }
  });
});

describe("the command", () => {
  /** Arguments of a command line; what it would write to dist/ goes to the test's folder. */
  const argumentsOf = (line: string): string[] =>
    line
      .replace(/^(npx )?weft /, "")
      .split(/ +/)
      .map((word) => (word.startsWith("dist/") ? join(folder, word) : word));

  const lines = blocksFor("sh", "run").flatMap((b) => b.code.trim().split("\n"));
  test.each(lines)("%s", async (line) => {
    expect(line).toMatch(/^npx weft /);
    const { code, stderr } = await weft(argumentsOf(line));
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.each(blocksFor("text", "output").map((b) => [b.argument, b] as const))(
    "%s prints it",
    async (line, block) => {
      const script = /^node (.+)$/.exec(line)?.[1];
      const stdout = script
        ? execFileSync(process.execPath, script.split(" "), { cwd: root, encoding: "utf8", stdio: "pipe" })
        : (await weft(argumentsOf(line))).stdout;
      // How long it took, and where, is another matter.
      const printed = stdout.replace(/^\d+ examples? in .*\n/m, "").trimEnd();
      const ok = patternOf(block.code, false).test(`${printed}\n`);
      if (!ok) expect(printed).toBe(block.code.trimEnd()); // shows the difference
    },
  );
});

describe("the page", () => {
  test.each(blocksFor("html", "run").map((b) => [b.place, b] as const))("%s works", async (_, block) => {
    const site = join(folder, "site");
    mkdirSync(site, { recursive: true });
    writeFileSync(
      join(site, "index.html"),
      block.code.replace("<title>", '<link rel="icon" href="data:,"><title>'),
    );
    for (const bundle of ["lenet.bundle.js", "lenet.train.bundle.js"])
      copyFileSync(join(emitted.folder, bundle), join(site, bundle));
    copyFileSync(join(root, "models/lenet.fashion-mnist.safetensors"), join(site, "lenet.safetensors"));
    const server = await serve({ "/site": site });
    const browser = await sharedBrowser();
    const page = await browser.newPage();
    try {
      const list = complaints(page);
      await page.goto(`${server.origin}/site/index.html`);
      await page.waitForFunction("/^class \\d$|^epoch 2: loss \\d/.test(document.body.textContent)");
      expect(list).toEqual([]);
    } finally {
      await page.close();
      await server.close();
    }
  });
});

describe("numbers", () => {
  test("of LeNet are those of the compiled model", () => {
    const { program } = lenet;
    const row = (name: string): string =>
      new RegExp(`^\\| ${name} +\\| (.*?) +\\|$`, "m").exec(read("README.md"))?.[1] ?? `no row ${name}`;
    const plain = (text: string): string => text.replaceAll(",", "");
    const { steps, dispatches, kernels } = {
      steps: lenet.graph.nodes.filter((n) => n.kind === "op").length,
      dispatches: program.dispatches.length,
      kernels: program.kernels.length,
    };
    expect(row("Layers, dispatches, pipelines")).toBe(`${steps}, ${dispatches}, ${kernels}`);
    const parameters = program.params.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);
    expect(plain(row("Parameters"))).toBe(`${parameters} (${4 * parameters} bytes)`);
    const { fixed, perBatch } = program.peakBytes;
    expect(plain(row("GPU memory"))).toBe(`${fixed} + ${perBatch}·N bytes`);
    expect(showCount(program.peakBytes)).toBe(`${perBatch}·N + ${fixed}`);
    expect(plain(row("Largest batch within WebGPU's default limits"))).toBe(`${program.maxBatch}`);
  });

  test("of the bundle that trains are within a tenth of what is measured, and below 21.4 kB", () => {
    const said = Number(/\*\*([\d.]+) kB gzipped\*\*/.exec(read("docs/runtime.md"))?.[1]);
    const measured = (emitted.trainBundle?.gzip ?? Number.NaN) / 1000;
    expect(measured).toBeLessThan(21.4);
    expect(Math.abs(said - measured) / measured).toBeLessThan(0.1);
  });

  test("of the bundle are within a tenth of what is measured, and below 10 kB", () => {
    const said = Number(/^\| Bundle .*\| ([\d.]+) kB gzipped +\|$/m.exec(read("README.md"))?.[1]);
    const measured = emitted.bundle.gzip / 1000;
    expect(measured).toBeLessThan(10);
    expect(Math.abs(said - measured) / measured).toBeLessThan(0.1);
  });
});
