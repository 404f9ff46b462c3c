import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildFailure, type BuildResult, build, context } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type WeftPluginOptions, weft } from "../../compiler/emit/esbuild.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-esbuild-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MODEL = `import { N, input, linear, model, relu } from "weftgpu";
import { width } from "./width.ts";
const x = input("x", [N, 8]);
const hidden = relu(linear(x, { out: width }));
const y = linear(hidden, { out: 2 });
export default model("tiny", { x }, { y });
`;

function bundle(files: Record<string, string>, options?: WeftPluginOptions): Promise<BuildResult> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return build({
    entryPoints: ["main.ts"],
    outfile: "out.js",
    absWorkingDir: folder,
    bundle: true,
    format: "esm",
    logLevel: "silent",
    metafile: true,
    plugins: [weft(options)],
  });
}

async function failure(files: Record<string, string>): Promise<BuildFailure> {
  return bundle(files).then(
    () => {
      throw new Error("the build went through");
    },
    (error: BuildFailure) => error,
  );
}

/** Builds as they end: waits until one ends in the way that is asked for. */
function ends() {
  const seen: boolean[] = [];
  let wake = (): void => {};
  return {
    report: (ok: boolean): void => {
      seen.push(ok);
      wake();
    },
    async next(ok: boolean): Promise<void> {
      while (!seen.includes(ok)) await new Promise<void>((resolve) => (wake = resolve));
      seen.length = 0;
    },
  };
}

describe("the esbuild plugin", () => {
  test("goes on watching after an error in a file that only the model imports", async () => {
    const files = {
      "seen.ts": 'import tiny from "./seen.model.ts";\nexport { tiny };\n',
      "seen.model.ts": MODEL.replace("./width.ts", "./seen-width.ts"),
      "seen-width.ts": "export const width = 3;",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const builds = ends();
    const watching = await context({
      entryPoints: ["seen.ts"],
      outfile: "seen.js",
      absWorkingDir: folder,
      bundle: true,
      format: "esm",
      logLevel: "silent",
      plugins: [
        weft(),
        { name: "report", setup: ({ onEnd }) => onEnd(({ errors }) => builds.report(errors.length === 0)) },
      ],
    });
    try {
      await watching.watch();
      await builds.next(true);
      for (const wrong of ["export const width = ;", "export const height = 3;", "throw new Error();"]) {
        writeFileSync(join(folder, "seen-width.ts"), wrong);
        await builds.next(false);
        writeFileSync(join(folder, "seen-width.ts"), "export const width = 7;");
        await builds.next(true);
      }
    } finally {
      await watching.dispose();
    }
    expect(readFileSync(join(folder, "seen.js"), "utf8")).toContain("7");
  });

  test("compiles an imported model file at build time, with its runtime", async () => {
    const main = 'import tiny, { parameters } from "./tiny.model.ts";\nexport { tiny, parameters };\n';
    const { metafile } = await bundle({
      "main.ts": main,
      "tiny.model.ts": MODEL,
      "width.ts": "export const width = 5;",
    });
    expect(Object.values(metafile?.outputs ?? {}).flatMap((o) => o.imports)).toEqual([]);
    const made = await import(/* @vite-ignore */ pathToFileURL(join(folder, "out.js")).href);
    expect(made.tiny.name).toBe("tiny");
    expect(made.parameters).toEqual({
      "hidden/linear.weight": [5, 8],
      "hidden/linear.bias": [5],
      "y.weight": [2, 5],
      "y.bias": [2],
    });
    const text = readFileSync(join(folder, "out.js"), "utf8");
    expect(text).not.toContain("avgPool2d"); // the compiler stays behind
  });

  test("two models share one runtime", async () => {
    const other = MODEL.replace('"tiny"', '"other"').replace("out: 2", "out: 3");
    const main =
      'export { default as a } from "./tiny.model.ts";\nexport { default as b } from "./other.model.ts";\n';
    await bundle({
      "main.ts": main,
      "tiny.model.ts": MODEL,
      "other.model.ts": other,
      "width.ts": "export const width = 5;",
    });
    const text = readFileSync(join(folder, "out.js"), "utf8");
    expect(text.match(/createComputePipelineAsync/g)).toHaveLength(1);
    expect(text.match(/WeftError"/g)).toHaveLength(1);
  });

  test("a model with sizes brings what they need, beside one that has none", async () => {
    const plain = MODEL.replace("./width.ts", "./five.ts");
    const sized = plain.replace("[N, 8]", '[N, dim("T", { max: 7 }), 8]').replace("{ N,", "{ dim, N,");
    const main =
      'export { default as a } from "./plain.model.ts";\nexport { default as b } from "./sized.model.ts";\n';
    const files = { "plain.model.ts": plain, "sized.model.ts": sized, "five.ts": "export const width = 5;" };
    await bundle({ ...files, "main.ts": main });
    const text = readFileSync(join(folder, "out.js"), "utf8");
    expect(text.match(/createComputePipelineAsync/g)).toHaveLength(1);
    expect(text).toContain("but an input before it");
    await bundle({ ...files, "main.ts": 'export { default } from "./plain.model.ts";\n' });
    expect(readFileSync(join(folder, "out.js"), "utf8")).not.toContain("but an input before it");
  });

  test("takes another pattern, and leaves other files alone", async () => {
    const main = 'import net from "./net.ts";\nexport { net };\n';
    await bundle(
      { "main.ts": main, "net.ts": MODEL, "width.ts": "export const width = 5;" },
      { filter: /net\.ts$/ },
    );
    const made = await import(/* @vite-ignore */ `${pathToFileURL(join(folder, "out.js")).href}?net`);
    expect(typeof made.net.load).toBe("function");
  });

  test("shows a wrong shape as an esbuild error with its place", async () => {
    const wrong = MODEL.replace('input("x", [N, 8])', 'input("x", [N, 8, 8, 8])')
      .replace("relu(linear(x, { out: width }))", "maxPool2d(x, { kernel: 9 })")
      .replace("relu }", "maxPool2d }");
    const { errors } = await failure({
      "main.ts": 'import "./tiny.model.ts";',
      "tiny.model.ts": wrong,
      "width.ts": "export const width = 5;",
    });
    expect(errors).toHaveLength(1);
    const [error] = errors;
    expect(error?.text).toMatch(/^hidden: .*kernel/);
    expect(error?.pluginName).toBe("weft");
    expect(error?.location).toMatchObject({
      file: "tiny.model.ts",
      line: 4,
      column: 15,
      lineText: "const hidden = maxPool2d(x, { kernel: 9 });",
      length: "maxPool2d".length,
    });
    expect(error?.notes.map((n) => n.text).join("\n")).toMatch(/rule: /);
  });

  test("shows a syntax error at its place", async () => {
    const { errors } = await failure({
      "main.ts": 'import "./tiny.model.ts";',
      "tiny.model.ts": "const = 1;\n",
    });
    expect(errors[0]?.location).toMatchObject({
      file: "tiny.model.ts",
      line: 1,
      column: 6,
      lineText: "const = 1;",
    });
    expect(errors[0]?.text).not.toContain("\n");
  });

  test("shows a model file without a model", async () => {
    const { errors } = await failure({
      "main.ts": 'import "./tiny.model.ts";',
      "tiny.model.ts": "export const x = 1;\n",
    });
    expect(errors[0]?.text).toMatch(/default/);
  });
});
