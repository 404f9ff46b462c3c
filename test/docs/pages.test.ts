/** Pages, links and pictures: known info strings, files that exist, all ops and flags, LeNet as it is compiled. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { must } from "../../compiler/errors.ts";
import { ops } from "../../compiler/ops/index.ts";
import { strategiesFor } from "../../compiler/strategies/index.ts";
import { curvesPath, drawCurves, lectureRuns } from "../../docs/draw-curves.ts";
import { drawFlow, flowPath, stagesOf } from "../../docs/draw-flow.ts";
import { drawModel } from "../../docs/draw-lenet.ts";
import { weft } from "../cli/weft.ts";
import { ARCHITECTURE, blocks, blocksOf, contentOf, GUIDE, PAGES, read, root } from "./blocks.ts";

/** The page without its code blocks. */
const prose = (page: string): string => read(page).replace(/^( *)```[\s\S]*?^\1```$/gm, "");

describe("blocks", () => {
  test("say what is done with them", () => {
    const known = ["ts run", "ts check", "ts model", "ts source", "sh run", "html run", "text output"];
    const silent = ["sh ", "text ", "js "]; // set-up commands, diagrams, settings of tools that are not at hand
    const strange = blocks.filter((b) => {
      const what = `${b.language} ${b.mode}`;
      const fragment = what === "ts " && b.page === "CONTRIBUTING.md"; // lines to put into a file
      return !known.includes(what) && !silent.includes(what) && !fragment;
    });
    expect(strange.map((b) => `${b.place} ${b.language} ${b.mode}`)).toEqual([]);
    for (const what of known) expect(blocks.map((b) => `${b.language} ${b.mode}`)).toContain(what);
  });

  test("are found in lists, with their arguments", () => {
    const page = [
      "a",
      "   ```ts run",
      "   const x = 1;",
      "   ```",
      '```text output="weft a b"',
      "c",
      "```",
    ].join("\n");
    expect(blocksOf("page", page)).toMatchObject([
      { place: "page:3", language: "ts", mode: "run", argument: "", code: "const x = 1;\n" },
      { place: "page:6", language: "text", mode: "output", argument: "weft a b", code: "c\n" },
    ]);
  });
});

/** As GitHub makes links of them. */
const headingsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("references", () => {
  test.each([...PAGES, ...GUIDE])("of %s lead somewhere", (page) => {
    const text = prose(page);
    const links = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
      (m) => m[1] ?? m[2] ?? "",
    );
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [path = "", heading] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return heading !== undefined && !headingsOf(prose(target)).includes(heading);
    });
    const folders = /^(?:compiler|runtime|cli|models|test|docs|scripts)\/[\w./-]+$/;
    const named = [...text.matchAll(/`([^`\n]+)`/g)]
      .map((m) => m[1] ?? "")
      .filter((name) => folders.test(name));
    expect([...broken, ...named.filter((name) => !existsSync(join(root, name)))]).toEqual([]);
  });

  test("of the architecture within the compiler are files of it", () => {
    const layers =
      /^(?:ir|math|ops|dsl|passes|strategies|lower|targets|assemble|report|frontend|emit)\/[\w./-]+$/;
    const named = ARCHITECTURE.flatMap((page) =>
      [...prose(page).matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? ""),
    );
    const files = named.filter((name) => layers.test(name));
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((name) => !existsSync(join(root, "compiler", name)))).toEqual([]);
  });
});

describe("the architecture", () => {
  test("has a page for each part, and its first page leads to all", () => {
    const pages = readdirSync(join(root, "docs/architecture")).map((name) => `docs/architecture/${name}`);
    expect(ARCHITECTURE.slice(1).toSorted()).toEqual(pages.toSorted());
    const linked = [...read("docs/architecture.md").matchAll(/\]\((architecture\/\w+\.md)\)/g)];
    expect(linked.map(([, name]) => `docs/${name}`)).toEqual(ARCHITECTURE.slice(1));
    for (const page of ARCHITECTURE.slice(1)) expect(read(page).split("\n").length, page).toBeLessThan(150);
  });

  test("has a place in the house for every folder of the compiler, and says what each may import", () => {
    const house = read("docs/architecture/house.md");
    const [, inside = ""] = /^compiler\/\n([\s\S]*?)^\w/m.exec(house) ?? [];
    const said = [...inside.matchAll(/^ {2}(\w+)\/ /gm)].map(([, name]) => name);
    const folders = readdirSync(join(root, "compiler"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(said.toSorted()).toEqual(folders.toSorted());
    const layers = [...house.matchAll(/^\| (`.+?`) +\|/gm)].flatMap(([, cell = ""]) =>
      cell.match(/\w[\w./]*/g),
    );
    expect(layers).toEqual(expect.arrayContaining(folders));
    const others = [...house.matchAll(/^(\w+)\/ /gm)].map(([, name = ""]) => name);
    expect(others.length).toBeGreaterThan(8);
    expect(others.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  test.each(["light", "dark"] as const)("shows compile() as it is, %s", (theme) => {
    expect(read(flowPath(theme)), "node scripts/run.mjs docs/draw-flow.ts draws it anew").toBe(
      drawFlow(root, theme),
    );
  });

  test("names the calls of compile() in their order, with what they hand on", () => {
    const stages = stagesOf(root);
    const names = stages.map((s) => s.name);
    expect(names.filter((name) => ["simplify", "partition", "assemble"].includes(name))).toEqual([
      "simplify",
      "partition",
      "assemble",
    ]);
    expect(stages.find((s) => s.name === "simplify")).toEqual({
      name: "simplify",
      file: "compiler/passes/simplify.ts",
      reads: ["source", "target"],
      gives: ["graph", "rewrites"],
    });
    expect(stages.filter((s) => !existsSync(join(root, s.file)))).toEqual([]);
  });

  test("explains every strategy in the glossary, each term with its file", () => {
    const rows = [...read("docs/glossary.md").matchAll(/^\| ([^|]+?) +\|.*\| ([^|]+?) +\|$/gm)].slice(2);
    const terms = new Map(rows.map(([, term = "", file = ""]) => [term, file]));
    for (const kind of ["contraction", "mapReduce"] as const)
      for (const { name } of strategiesFor({ kind })) expect([...terms.keys()]).toContain(name);
    for (const [term, file] of terms) expect(file, term).toMatch(/^`[\w/.]+\.ts`/);
    expect(read("docs/glossary.md").split("\n").length).toBeLessThan(60);
  });
});

describe("what is looked up", () => {
  test("has every op", () => {
    const table = /^\| Op +\|[\s\S]*?\n\n/m.exec(read("docs/language.md"))?.[0] ?? "";
    const listed = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)[^`]*`/g)].map((m) => m[1] ?? ""),
    );
    const called: Readonly<Record<string, string>> = {
      reduceMax: "max",
      reduceMin: "min",
      topValues: "topK",
      topIndices: "topK",
    };
    const names = new Set(Object.keys(ops).map((name) => called[name] ?? name));
    // Slices, several at once; and a resize by another name.
    expect(listed.toSorted()).toEqual([...names, "split", "upsample"].toSorted());
  });

  test("has flags that exist", async () => {
    const commands = [...(await weft(["--help"])).stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)];
    expect(commands.length).toBeGreaterThan(8);
    let known = "";
    // One after the other: what they print is caught in one process.
    for (const [, command = ""] of commands) known += (await weft([command, "--help"])).stdout;
    const flags = new Set(
      ["README.md", "docs/command.md", "docs/runtime.md"]
        .flatMap((page) => [...read(page).matchAll(/(?<![\w-])--[a-z][a-z-]+/g)])
        .map((m) => m[0])
        .filter((f) => f !== "--help"),
    );
    expect(flags.size).toBeGreaterThan(8);
    expect([...flags].filter((flag) => !known.includes(flag))).toEqual([]);
  });
});

describe("README", () => {
  test("has a first screen, and leaves what is long to the pages that it leads to", () => {
    const lines = read("README.md").split("\n");
    expect(lines.findIndex((line) => line.startsWith("npm ci && npm start"))).toBeLessThan(25);
    expect(lines.length).toBeLessThan(150);
  });

  test.each(["light", "dark"] as const)("shows LeNet as it is compiled, %s", async (theme) => {
    const drawn = await drawModel(join(root, "models/lenet.ts"), theme);
    expect(read(`docs/lenet-${theme}.svg`), "node scripts/run.mjs docs/draw-lenet.ts draws it anew").toBe(
      drawn,
    );
  });
});

/** The lecture in English and in Chinese. */
const LECTURE = ["docs/lecture.md", "docs/lecture.zh.md"] as const;

describe("the lecture", () => {
  const runs = lectureRuns(root);

  test.each(["light", "dark"] as const)("shows the curves of its runs, %s", (theme) => {
    for (const run of runs.filter(({ seed }) => seed === 0))
      expect(
        read(curvesPath(run.model, theme)),
        "node scripts/run.mjs docs/draw-curves.ts draws them anew",
      ).toBe(drawCurves(run, theme));
  });

  test.each(LECTURE)("has the figures of its runs, %s", (name) => {
    const text = read(name);
    const lenet = runs.filter(({ model }) => model === "lenet");
    const cells = [...text.matchAll(/^\| (\d) .*\|$/gm)].map(([row]) => row.split("|").map((c) => c.trim()));
    expect(cells.map((row) => row.slice(1, -1))).toEqual(
      lenet.map(({ seed, seconds, epochs }) => {
        const last = must(epochs.at(-1), "epoch");
        const { loss, trainAccuracy, testAccuracy } = last;
        return [`${seed}`, loss.toFixed(3), trainAccuracy.toFixed(4), testAccuracy.toFixed(4), `${seconds}`];
      }),
    );
    expect(lenet).toHaveLength(4);
    const better = must(runs.find(({ model }) => model === "lenet-relu")?.epochs.at(-1), "epoch");
    const figures = [better.loss.toFixed(3), better.trainAccuracy.toFixed(4), better.testAccuracy.toFixed(4)];
    const row = /^\| `lenet-relu` .*$/m
      .exec(text)?.[0]
      .split("|")
      .map((cell) => cell.trim());
    expect(row?.slice(4, 7)).toEqual(figures);
    for (const { command } of runs.filter(({ seed }) => seed === 0))
      expect(text).toContain(`npx ${command} `);
  });

  test("says the same in both languages: code, outputs, sections, pictures, tables, links", () => {
    const [english, chinese] = LECTURE.map((page) => {
      const text = prose(page);
      const links = [...text.matchAll(/\]\(([^)#\s]+)\)|srcset="([^"]+)"/g)].map((m) => m[1] ?? m[2]);
      return {
        code: blocksOf(page).map(contentOf),
        headings: [...text.matchAll(/^(#+) /gm)].map(([, marks]) => marks),
        contents: [...text.matchAll(/^- \[[^\]]+\]\(#/gm)].length,
        rows: [...text.matchAll(/^\|.*\|$/gm)].length,
        links: links.filter((link) => !LECTURE.some((other) => other.endsWith(`/${link}`))),
      };
    });
    expect(chinese).toEqual(english);
    expect(english?.code.length).toBeGreaterThan(15);
    expect(LECTURE.map((page) => read(page).split("\n")[2])).toEqual([
      "English · [简体中文](lecture.zh.md)",
      "[English](lecture.md) · 简体中文",
    ]);
  });
});
