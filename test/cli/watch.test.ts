/** `weft compile --watch` as a process that is edited under. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import { changesOf, changesText } from "../../cli/compile/changes.ts";
import { changed, contentOf, contents, neighboursOf } from "../../cli/watch.ts";
import { fails, root, scratch } from "./weft.ts";

const model = (
  activation: string,
): string => `import { conv2d, input, model, N, ${activation} } from "weftgpu";
import { out } from "./sizes.ts";

const x = input("x", [N, 1, 8, 8]);
const conv1 = conv2d(x, { out, kernel: 3 });
const y = ${activation}(conv1);

export default model("tiny", { x }, { y });
`;

const TINY = { "tiny.ts": model("relu"), "sizes.ts": "export const out = 4;\n" };

class Watching {
  readonly folder = scratch();
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  constructor(flags: readonly string[], files: Readonly<Record<string, string>> = TINY) {
    expect(inject("buildError")).toBe("");
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(this.folder, dirname(name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
    const args = [join(root, "dist/cli.js"), "compile", "tiny.ts", "--watch", ...flags];
    this.child = spawn(process.execPath, args, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const name of ["stdout", "stderr"] as const)
      this.child[name]?.setEncoding("utf8").on("data", (text) => {
        this[name] += text;
      });
  }
  /** At once, so that no build sees half of it. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, ".new"), text);
    renameSync(join(this.folder, ".new"), join(this.folder, name));
  }
  /** The next line that matches, on either stream; what stood before it is dropped. */
  async line(pattern: RegExp): Promise<string> {
    let found = "";
    await expect
      .poll(
        () => {
          const match = pattern.exec(this.stdout + this.stderr);
          found = match?.[0] ?? "";
          return match !== null;
        },
        { message: `${pattern} in\n${this.stdout}${this.stderr}` },
      )
      .toBe(true);
    this.stdout = "";
    this.stderr = "";
    return found;
  }
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const closed = new Promise<number | null>((resolve) => this.child.on("close", resolve));
    this.child.kill(signal);
    return closed;
  }
}

let watching: Watching | undefined;
afterEach(() => watching?.child.kill("SIGKILL"));

describe("weft compile --watch", () => {
  test("compiles at every change, shows errors without ending, and ends at Ctrl-C", async () => {
    watching = new Watching(["--out", "out"]);
    const { folder } = watching;
    await watching.line(/^\d\d:\d\d:\d\d tiny: 1 kernel; written to out \(\d+ ms\)$/m);
    const kernel = (): string => readFileSync(join(folder, "out/conv1_y.wgsl"), "utf8");
    expect(kernel()).toContain("max(");

    watching.write("tiny.ts", model("sigmoid"));
    await watching.line(/^\S+ tiny: changed conv1_y; written to out \(\d+ ms\)$/m);
    expect(kernel()).toContain("exp(");

    watching.write("sizes.ts", "export const out = 6;\n"); // a file that the model imports
    await watching.line(/ tiny: changed conv1_y; /);

    watching.write("tiny.ts", model("sigmoid").replace("kernel: 3", "kernel: 30"));
    expect(await watching.line(/^\S+ error: .*$/m)).toContain("conv1 (tiny.ts:5:15): ");
    watching.write("sizes.ts", "export const out = ;\n"); // now another file is wrong
    watching.write("tiny.ts", model("sigmoid"));
    await watching.line(/error: sizes.ts:1:20: /);
    watching.write("sizes.ts", "export const out = 6;\n");
    await watching.line(/ tiny: no kernel changed; /);

    // An editor that writes another file and renames it; and one that moves the old one away first.
    watching.write("tiny.ts~", model("tanh"));
    renameSync(join(folder, "tiny.ts~"), join(folder, "tiny.ts"));
    await watching.line(/ tiny: changed conv1_y; /);
    renameSync(join(folder, "tiny.ts"), join(folder, "tiny.ts.bak"));
    watching.write("tiny.ts", model("relu"));
    await watching.line(/ tiny: changed conv1_y; /);

    expect(await watching.end("SIGINT")).toBe(130);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that must not be there.
    expect(watching.stdout + watching.stderr).not.toMatch(/[\u001b\r]/);
    expect(existsSync(join(folder, "out/tiny.bundle.js"))).toBe(true);
  });

  test("waits for a file that is not there yet; JSON has a line for each build", async () => {
    watching = new Watching(["--format", "json", "--quiet"]);
    const first = JSON.parse(await watching.line(/^\{.*\}$/m));
    expect(first).toMatchObject({ model: "tiny", kernels: 1 });
    rmSync(join(watching.folder, "sizes.ts"));
    expect(JSON.parse(await watching.line(/^\{.*\}$/m)).error).toContain('Could not resolve "./sizes.ts"');
    watching.write("tiny.ts", model("relu").replace("sizes.ts", "more.ts")); // one that it has never read
    expect(JSON.parse(await watching.line(/^\{.*\}$/m)).error).toContain('Could not resolve "./more.ts"');
    watching.write("more.ts", "export const out = 5;\n");
    expect(JSON.parse(await watching.line(/^\{.*\}$/m))).toMatchObject({ changed: ["conv1_y"], added: [] });
    expect(await watching.end("SIGTERM")).toBe(143);
    expect(watching.stderr).toBe("");
  });

  test("a model that has never compiled: what it imports is watched, in other folders too", async () => {
    watching = new Watching(["--format", "json", "--quiet"], {
      "tiny.ts": model("relu").replace("./sizes.ts", "./parts/sizes.ts"),
      "parts/sizes.ts": "export const out = -4;\n",
    });
    expect(JSON.parse(await watching.line(/^\{.*\}$/m)).error).toContain("conv1 (tiny.ts:5:15): ");
    watching.write("parts/sizes.ts", "export const out = 4;\n");
    expect(JSON.parse(await watching.line(/^\{.*\}$/m))).toMatchObject({ model: "tiny", kernels: 1 });
    expect(await watching.end("SIGTERM")).toBe(143);
  });

  test("accepts no golden file unseen", async () => {
    const args = ["compile", "models/lenet.ts", "--watch", "--golden", "g", "--update"];
    expect(await fails(args)).toContain("--update does not go with --watch");
  });
});

test("a change while nobody waited counts; a file that is written as it was does not", async () => {
  const folder = scratch();
  const file = join(folder, "a.ts");
  writeFileSync(file, "1");
  const before = await contents([file]);
  writeFileSync(file, "2");
  const never = new AbortController();
  await changed({ files: [file], before }, never.signal);

  const now = await contents([file]);
  let ended = false;
  const wait = changed({ files: [file], before: now }, never.signal).then(() => {
    ended = true;
  });
  writeFileSync(file, "2");
  mkdirSync(join(folder, "b"));
  await new Promise((r) => setTimeout(r, 300));
  expect(ended).toBe(false);
  never.abort();
  await wait;
});

test("what has changed or appeared before the watch begins counts", async () => {
  const folder = scratch();
  const [a, b] = [join(folder, "a.ts"), join(folder, "b.ts")];
  writeFileSync(a, "1");
  const never = new AbortController();
  const before = new Map([[a, contentOf(a)]]);
  const beside = neighboursOf([a]);
  writeFileSync(join(folder, ".hidden.ts"), "");
  writeFileSync(join(folder, "notes.txt"), "");
  expect(neighboursOf([a])).toEqual(new Map([[folder, new Set(["a.ts"])]]));
  writeFileSync(b, "1");
  await changed({ files: [a], before, beside }, never.signal);
  rmSync(b);
  rmSync(a);
  await changed({ files: [a], before }, never.signal);
});

test("changes are named, and counted where they are many", () => {
  const before = new Map([
    ["a", "1"],
    ["b", "1"],
  ]);
  const now = new Map([["b", "2"], ...Array.from({ length: 8 }, (_, i): [string, string] => [`c${i}`, "1"])]);
  expect(changesText(changesOf(before, now))).toBe(
    "changed b; new c0, c1, c2, c3, c4, c5 and 2 more; gone a",
  );
  expect(changesText(changesOf(now, now))).toBe("no kernel changed");
});
