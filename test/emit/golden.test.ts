import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { avgPool2d, conv2d, input, maxPool2d, model, N, relu } from "../../compiler/dsl/index.ts";
import { checkGolden } from "../../compiler/emit/index.ts";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import "../../compiler/emit/vitest.ts";

let base = "";
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "weft-golden-"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function net(pool: "avg" | "max" = "avg", layers = 1) {
  const x = input("x", [N, 1, 8, 8]);
  const first = conv2d(x, { out: 2, kernel: 3 });
  const pooled =
    pool === "avg" ? avgPool2d(relu(first), { kernel: 2 }) : maxPool2d(relu(first), { kernel: 2 });
  return model("net", { x }, { y: layers === 1 ? pooled : conv2d(pooled, { out: 1, kernel: 2 }) });
}

describe("golden files", () => {
  test("are missing at first, written by an update, and match from then on", async () => {
    const folder = join(base, "first");
    const compilation = compile(net().graph);
    const before = await checkGolden(compilation, folder);
    expect(before).toMatchObject({ ok: false, empty: true, updated: false });
    expect(before.report).toBe(`${folder} holds no golden files yet`);
    expect(await checkGolden(compilation, folder, { update: true })).toMatchObject({
      ok: true,
      updated: true,
    });
    expect(readdirSync(folder).sort()).toEqual(["conv2d1_avgPool2d1.wgsl", "plan.txt", "shapes.txt"]);
    expect(await checkGolden(compilation, folder)).toMatchObject({ ok: true, report: "", updated: false });
    expect(await checkGolden(compilation, folder, { update: true })).toMatchObject({
      ok: true,
      updated: false,
    });
  });

  test("show what changed as a diff, and what is new or gone", async () => {
    const folder = join(base, "diff");
    await checkGolden(compile(net("avg").graph), folder, { update: true });
    const result = await checkGolden(compile(net("max", 2).graph), folder);
    expect(result.ok).toBe(false);
    expect(result.missing).toEqual(["conv2d1_maxPool2d1.wgsl", "conv2d2.wgsl"]);
    expect(result.stale).toEqual(["conv2d1_avgPool2d1.wgsl"]);
    expect(result.changed).toEqual(["shapes.txt", "plan.txt"]);
    const lines = result.report.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      `new:     conv2d1_maxPool2d1.wgsl (not in ${folder})`,
      `new:     conv2d2.wgsl (not in ${folder})`,
      `gone:    conv2d1_avgPool2d1.wgsl (in ${folder}, no longer made)`,
    ]);
    expect(result.report).toMatch(/^--- shapes\.txt\tgolden\n\+\+\+ shapes\.txt\tnow\n@@ /m);
    expect(lines.some((l) => l.startsWith("-") && l.includes("avgPool2d1"))).toBe(true);
    expect(lines.some((l) => l.startsWith("+") && l.includes("maxPool2d1"))).toBe(true);
    await checkGolden(compile(net("max", 2).graph), folder, { update: true });
    expect(readdirSync(folder)).not.toContain("conv2d1_avgPool2d1.wgsl");
  });

  test("differ by a file too many alone", async () => {
    const folder = join(base, "many");
    const { graph } = net();
    await checkGolden(compile(graph), folder, { update: true });
    writeFileSync(join(folder, "gone.wgsl"), "");
    expect(await checkGolden(compile(graph), folder)).toMatchObject({ ok: false, stale: ["gone.wgsl"] });
    expect((await checkGolden(compile(graph), folder, { update: true })).updated).toBe(true);
    expect(await checkGolden(compile(graph), folder)).toMatchObject({ ok: true, stale: [] });
  });

  test("leave other files in the folder alone", async () => {
    const folder = join(base, "other");
    await checkGolden(compile(net().graph), folder, { update: true });
    writeFileSync(join(folder, "notes.md"), "mine");
    expect((await checkGolden(compile(net("max").graph), folder, { update: true })).ok).toBe(true);
    expect(readFileSync(join(folder, "notes.md"), "utf8")).toBe("mine");
  });

  test("do not take a folder of shaders for a golden folder", async () => {
    const folder = join(base, "shaders");
    mkdirSync(folder);
    writeFileSync(join(folder, "mine.wgsl"), "mine");
    expect(await checkGolden(compile(net().graph), folder)).toMatchObject({ stale: [], empty: true });
    await checkGolden(compile(net().graph), folder, { update: true });
    expect(readFileSync(join(folder, "mine.wgsl"), "utf8")).toBe("mine");
  });

  test("do not mind Windows line ends", async () => {
    const folder = join(base, "crlf");
    await checkGolden(compile(net().graph), folder, { update: true });
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), "utf8");
      writeFileSync(join(folder, name), text.replaceAll("\n", "\r\n"));
    }
    expect((await checkGolden(compile(net().graph), folder)).ok).toBe(true);
  });

  test("are the same wherever the command runs", async () => {
    const folder = join(base, "place");
    const from = async (cwd: string, path: string) => compile((await loadModel(path, { cwd })).graph);
    await checkGolden(await from(process.cwd(), "models/lenet.ts"), folder, { update: true });
    expect(readFileSync(join(folder, "plan.txt"), "utf8")).toContain("conv1");
    const wgsl = readdirSync(folder).filter((n) => n.endsWith(".wgsl"));
    expect(readFileSync(join(folder, wgsl[0] ?? ""), "utf8")).toMatch(/ lenet\.ts:\d+:\d+/);
    const here = await from(join(process.cwd(), "models"), "lenet.ts");
    expect(await checkGolden(here, folder)).toMatchObject({ ok: true, report: "" });
  });

  test("in a folder that cannot be read or written say so", async () => {
    const file = join(base, "file");
    writeFileSync(file, "");
    await expect(checkGolden(compile(net().graph), file)).rejects.toThrow(/^cannot read the golden folder/);
    await expect(checkGolden(compile(net().graph), join(file, "x"), { update: true })).rejects.toThrow(
      /^cannot /,
    );
  });
});

describe("expect(model).toMatchGolden(folder)", () => {
  test("passes for a model, and for the path of a model file", async () => {
    const folder = join(base, "matcher");
    await checkGolden(compile(net().graph), folder, { update: true });
    await expect(net()).toMatchGolden(folder);
    const lenet = join(base, "lenet");
    await checkGolden(compile((await loadModel("models/lenet.ts")).graph), lenet, { update: true });
    await expect("models/lenet.ts").toMatchGolden(lenet);
  });

  test("fails with the diff and how to accept it", async () => {
    const folder = join(base, "matcher-diff");
    await checkGolden(compile(net("avg").graph), folder, { update: true });
    const failed = expect(net("max")).toMatchGolden(folder);
    await expect(failed).rejects.toThrow(
      /net does not compile to what .* holds[\s\S]*gone: +conv2d1_avgPool2d1\.wgsl/,
    );
    await expect(failed).rejects.toThrow(/WEFT_UPDATE_GOLDEN=1 or vitest -u accepts it/);
    await expect(net("max")).not.toMatchGolden(folder);
  });

  test("accepts what is there with WEFT_UPDATE_GOLDEN=1", async () => {
    const folder = join(base, "matcher-update");
    await checkGolden(compile(net("avg").graph), folder, { update: true });
    process.env["WEFT_UPDATE_GOLDEN"] = "1";
    try {
      await expect(net("max")).toMatchGolden(folder);
    } finally {
      delete process.env["WEFT_UPDATE_GOLDEN"];
    }
    await expect(net("max")).toMatchGolden(folder);
  });

  test("wants a model", async () => {
    await expect(expect(3).toMatchGolden(base)).rejects.toThrow(
      new UserError({
        problem: "toMatchGolden is given 3",
        rule: "what is compared is a model, or the path of a model file",
        fix: 'await expect("models/lenet.ts").toMatchGolden("test/golden/lenet")',
      }),
    );
  });

  test("wants a folder, and nothing more", async () => {
    const matcher = (...args: readonly unknown[]): Promise<void> =>
      expect(net()).toMatchGolden(...(args as [string])); // as JavaScript calls it
    await expect(matcher(7)).rejects.toThrow(
      'toMatchGolden: folder is 7\n  rule: folder is a string that is not empty\n  try:  folder: "…"',
    );
    await expect(matcher(base, { update: true })).rejects.toThrow(
      "toMatchGolden: argument 2 is { update: true }\n  rule: toMatchGolden takes one argument\n  try:  leaving it out",
    );
  });
});
