/**
 * The guide, done as a reader does it: page after page in one folder, block after block. What a block's info string
 * says of it:
 *
 *   ts file=NAME          written; TypeScript is type-checked
 *   ts … shapes="scores [N, 10]"  a model file: the shapes of its outputs; "none" where it has a mistake
 *   py file=NAME          Python that saves NAME: not run, but a file as it saves it is written
 *   ts run                run; `console.log(x); // value` holds
 *   sh run                each line is run; `# code 1` behind it is the exit code, else it is 0
 *   text output="weft …"  what the command prints, on both streams; a line `…` stands for any number of lines, and elsewhere `…` for any text
 *   html run file=NAME shows="text"  opened in Chromium, until the page shows it; nothing may complain
 *   … without="webgpu"    as in a browser that has none; with="isolation": served with the headers of shared memory
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { loadModel } from "../../compiler/frontend/index.ts";
import { freshTypes } from "../../scripts/build-types.mjs";
import { onUsualAdapter } from "../adapter.ts";
import { weft } from "../cli/weft.ts";
import { closePages, complaints, sharedBrowser } from "../pages/chromium.ts";
import { ISOLATED, serve } from "../pages/server.ts";
import {
  type Block,
  blocksOf,
  GUIDE,
  isModelFile,
  patternOf,
  promisedShapes,
  root,
  shapesOf,
} from "./blocks.ts";
import { savedNet } from "./net.ts";

/** Within the repository, so that packages are found; never committed. */
const folder = join(root, "dist", `guide-${process.pid}`);
const before = process.cwd();
beforeAll(() => {
  expect(inject("buildError")).toBe("");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/weftgpu"), "junction"); // as it is installed
  process.chdir(folder);
});
/** Opened for the first page, and kept. */
afterAll(async () => {
  await closePages();
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** The verbs that measure an adapter. */
const ADAPTERS: ReadonlySet<string> = new Set(["tune", "profile"]);

interface Done {
  readonly code: number | null;
  readonly printed: string;
}

async function command(line: string): Promise<Done> {
  const [program = "", ...args] = line.replace(/^npx /, "").match(/"[^"]*"|\S+/g) ?? [];
  const plain = args.map((arg) => arg.replace(/^"(.*)"$/, "$1"));
  if (program === "weft") {
    const run = (): ReturnType<typeof weft> => weft(plain);
    // Other verbs compute in WebAssembly where there is no GPU.
    const { code, stdout, stderr } = await (ADAPTERS.has(plain[0] ?? "") ? onUsualAdapter(run) : run());
    return { code, printed: stderr + stdout };
  }
  const tools: Readonly<Record<string, readonly string[]>> = {
    node: [],
    vitest: [join(root, "node_modules/vitest/vitest.mjs")],
  };
  const tool = tools[program];
  if (!tool) throw new Error(`the guide's test does not know the command ${program}`);
  const { VITEST: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tool, ...plain], {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, NO_COLOR: "1" },
  });
  return { code: status, printed: stderr + stdout };
}

/** Without what differs from run to run. */
const steady = (text: string): string =>
  text
    .replace(/^no GPU: .*\n/m, "")
    .replace(/^(\d+ examples?) in .*$/m, "$1 …")
    .replace(/^[\d.]+ examples\/sec on .*$/m, "… examples/sec")
    .trimEnd();

function expectLines(printed: string, wanted: string, place: string): void {
  const ok = patternOf(wanted, true).test(`${printed}\n`);
  if (!ok) expect(printed, place).toBe(wanted.trimEnd()); // shows the difference
}

async function runScript(block: Block, name: string): Promise<void> {
  const printed: unknown[] = [];
  const spy = vi.spyOn(console, "log").mockImplementation((value) => printed.push(value));
  try {
    const script = `${pathToFileURL(join(folder, name)).href}?${block.place}`;
    await onUsualAdapter(() => import(/* @vite-ignore */ script));
  } finally {
    spy.mockRestore();
  }
  const promised = [...block.code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map((m) =>
    JSON.parse(m[1] ?? ""),
  );
  expect(promised.length, block.place).toBeGreaterThan(0);
  expect(printed.filter((value) => typeof value !== "string" || promised.includes(value))).toEqual(promised);
}

async function openPage(block: Block): Promise<void> {
  const shows = /shows="([^"]+)"/.exec(block.info)?.[1] ?? "";
  expect(shows, block.place).not.toBe("");
  const page = block.code.replace("<title>", '<link rel="icon" href="data:,"><title>');
  writeFileSync(join(folder, block.argument), page);
  const site = await serve({ "/site": folder }, block.info.includes('with="isolation"') ? ISOLATED : {});
  const browser = await sharedBrowser();
  try {
    const tab = await browser.newPage();
    const list = complaints(tab);
    if (block.info.includes('without="webgpu"')) await tab.addInitScript("delete Navigator.prototype.gpu");
    await tab.goto(`${site.origin}/site/${block.argument}`);
    await tab.waitForFunction(`new RegExp(${JSON.stringify(shows)}).test(document.body.innerText)`);
    expect(list).toEqual([]);
    await tab.close();
  } finally {
    await site.close();
  }
}

async function expectShapes(block: Block, name: string): Promise<void> {
  const promised = promisedShapes(block);
  if (promised === undefined) return; // the page shows its mistake
  expect(shapesOf((await loadModel(join(folder, name))).graph), block.place).toBe(promised);
}

async function follow(block: Block): Promise<void> {
  const { language, mode, argument, code, place } = block;
  const what = `${language} ${mode}`;
  const name = argument === "" ? `block-${place.replace(/\W+/g, "-")}.ts` : argument;
  if (language === "py") writeFileSync(join(folder, name), savedNet());
  else if (mode === "file" || what === "ts run") {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), code);
    if (mode === "run") await runScript(block, name);
    else if (isModelFile(block)) await expectShapes(block, name);
  } else if (what === "sh run") {
    for (const line of code.trim().split("\n")) {
      const [, text = "", wanted = "0"] = /^(.*?)(?: +# code (\d+))?(?: +#.*)?$/.exec(line) ?? [];
      const { code: found, printed } = await command(text);
      expect({ line, code: found, printed: found === Number(wanted) ? "" : printed }).toEqual({
        line,
        code: Number(wanted),
        printed: "",
      });
    }
  } else if (mode === "output") {
    const { printed } = await command(`npx ${argument}`);
    expectLines(steady(printed), code, place);
  } else if (what === "html run") await openPage(block);
  else if (mode !== "" || !["sh", "text"].includes(language))
    throw new Error(`${place}: what is "${block.info}"?`);
}

describe("the guide", () => {
  test("lists its pages, all of them", () => {
    const pages = readdirSync(join(root, "docs/guide")).map((name) => `docs/guide/${name}`);
    expect([...GUIDE].sort()).toEqual(pages.sort());
    const index = readFileSync(join(root, "docs/guide/README.md"), "utf8");
    const linked = [...index.matchAll(/\]\((\w+\.md)\)/g)].map(([, name]) => `docs/guide/${name}`);
    expect(["docs/guide/README.md", ...linked]).toEqual([...GUIDE]);
  });

  for (const page of GUIDE)
    test(`${page} holds`, async () => {
      for (const block of blocksOf(page)) await follow(block);
    });

  test("its TypeScript passes the type check", () => {
    freshTypes(); // what a user has, and quicker to check than the sources: no paths
    const compilerOptions = { noUnusedLocals: false, paths: {} };
    const include = ["*.ts", "src/**/*.ts", "test/**/*.ts"];
    const config = { extends: "../../tsconfig.json", compilerOptions, include, exclude: ["dist"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    let findings = "";
    try {
      execFileSync(process.execPath, [tsc, "--noEmit", "--pretty", "false", "-p", folder], {
        encoding: "utf8",
      });
    } catch (error) {
      findings = String((error as { readonly stdout?: unknown }).stdout ?? error); // tsc prints to stdout
    }
    expect(findings).toBe("");
  });
});
