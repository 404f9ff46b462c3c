/** `weft init`: what it writes and refuses. That a project works is packed.test.ts's business. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { weftDependency } from "../../cli/project/dependency.ts";
import { projectName } from "../../cli/project/template.ts";
import { createFiles, inTheWay } from "../../cli/project/write.ts";
import { fails, root, scratch, works } from "./weft.ts";

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe("weft init", () => {
  test("writes a project, and says what to do next", async () => {
    const folder = join(scratch(), "My Shapes");
    const { stdout } = await works(["init", folder]);
    expect(stdout).toMatch(/^my-shapes: 19 files in /);
    expect(stdout).toMatch(/\n {2}cd ".*My Shapes"\n {2}npm install\n/);
    const files = filesIn(folder);
    for (const name of [".gitignore", "README.md", "package.json", "src/train.ts", "test/golden/plan.txt"])
      expect(files).toContain(name);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    expect(manifest.name).toBe("my-shapes");
    expect(manifest.devDependencies.vitest).toMatch(/^\^\d/);
    for (const name of files) expect(readFileSync(join(folder, name), "utf8")).not.toContain("{{");
  });

  test.each([
    ["page", "src/index.html", "npm start"],
    ["vite", "vite.config.ts", "npm run dev"],
    ["node", "src/main.ts", "npm start"],
    ["train", "src/table.mjs", "npm start"],
  ])(
    "--template %s has files and steps of its own, and a README that speaks of its scripts",
    async (name, own, step) => {
      const folder = scratch();
      const { stdout } = await works(["init", folder, "--template", name]);
      expect(stdout).toContain(`\n  ${step} `);
      const files = filesIn(folder);
      for (const file of [own, "README.md", ".gitignore", "package.json"]) expect(files).toContain(file);
      for (const file of files) expect(readFileSync(join(folder, file), "utf8")).not.toContain("{{");
      const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const readme = readFileSync(join(folder, "README.md"), "utf8");
      const named = [...readme.matchAll(/^npm (?:run )?(\w+)/gm)].flatMap(([, script]) =>
        script === "install" ? [] : [script ?? ""],
      );
      expect(named.length).toBeGreaterThan(0);
      for (const script of named) expect(scripts).toHaveProperty([script]);
      // Files that the README's table names are there, but for what scripts write.
      for (const [, file = ""] of readme.matchAll(/^\| `((?:src|test|vite)[\w./]*)`/gm))
        expect(
          files.some((each) => each.startsWith(file)),
          file,
        ).toBe(true);
    },
  );

  test("a template that is none", async () => {
    expect(await fails(["init", scratch(), "--template", "react"])).toContain(
      "Allowed choices are page, vite, node, train",
    );
  });

  test("--format json lists the files", async () => {
    const folder = scratch();
    const { stdout } = await works(["init", folder, "--format", "json"]);
    const { files, folder: where } = JSON.parse(stdout);
    expect(where).toBe(folder);
    expect([...files].sort()).toEqual(filesIn(folder));
  });

  test("refuses to write over anything, and writes nothing then", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "src"));
    writeFileSync(join(folder, "src/train.ts"), "mine");
    writeFileSync(join(folder, "notes.txt"), "no matter");
    symlinkSync("nowhere", join(folder, "README.md"));
    const message = await fails(["init", folder]);
    expect(message).toContain(`${folder} already holds README.md, src/train.ts\n`);
    expect(message).toContain("rule: weft init writes over nothing\n");
    expect(readdirSync(folder).sort()).toEqual(["README.md", "notes.txt", "src"]);
    expect(readFileSync(join(folder, "src/train.ts"), "utf8")).toBe("mine");
  });

  test("a file where a folder is needed is in the way", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "src"), "");
    expect(await inTheWay(folder, ["src/a/b.ts", "c.ts"])).toEqual(["src"]);
    expect(await fails(["init", join(folder, "src")])).toMatch(
      /cannot write .*: a part of the path is a file/,
    );
  });

  test("writes all or nothing", async () => {
    const folder = join(scratch(), "new");
    const files = new Map([
      ["a/b/one.txt", "1"],
      ["two.txt", "2"],
      ["two.txt/three.txt", "3"], // cannot be
    ]);
    await expect(createFiles(folder, files)).rejects.toThrow(
      /cannot write .*three\.txt: .*nothing was written/s,
    );
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(dirname(folder))).toBe(true);
  });

  const root = process.getuid?.() === 0;
  if (root) console.log("skipped: root may write anywhere, so no folder refuses it");
  test.skipIf(root)("says where it may not write", async () => {
    const folder = scratch();
    chmodSync(folder, 0o500);
    expect(await fails(["init", join(folder, "x")])).toContain("permission is denied");
  });
});

test.each([
  ["/tmp/My Model", "my-model"],
  ["/tmp/.hidden_", "hidden"],
  ["/tmp/模型", "my-model"],
  ["/", "my-model"],
  ['/tmp/a"</script>b', "script-b"],
])("the folder %s gives a name for npm", (folder, name) => {
  expect(projectName(folder)).toBe(name);
});

describe("the project's weftgpu", () => {
  const version = "1.2.3";
  test("is the version from a registry, the tarball, or the clone", async () => {
    const project = scratch();
    const installed = join(project, "node_modules/weftgpu");
    const record = join(project, "node_modules/.package-lock.json");
    mkdirSync(installed, { recursive: true });
    expect(await weftDependency(installed, join(project, "new"), version)).toBe("^1.2.3");
    const source = (resolved: string): void =>
      writeFileSync(record, JSON.stringify({ packages: { "node_modules/weftgpu": { resolved } } }));
    source("file:../weftgpu-1.2.3.tgz");
    expect(await weftDependency(installed, join(project, "new"), version)).toBe(
      "file:../../weftgpu-1.2.3.tgz",
    );
    source("https://example.org/weftgpu-1.2.3.tgz");
    expect(await weftDependency(installed, project, version)).toBe("^1.2.3");
    expect(await weftDependency("/home/me/weft", "/home/me/new", version)).toBe("file:../weft");
    expect(await weftDependency(root, join(root, "x"), version)).toBe("file:..");
  });
});
