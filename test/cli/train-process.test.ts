/**
 * Training that is stopped from outside: Ctrl-C, SIGTERM, SIGKILL; and what a process may write. What is not stopped runs in
 * this process, where no start is waited for, save once: a process goes on with what another began.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { fails, type Result, root, scratch, weft, weftProcess, works } from "./weft.ts";

const folder = scratch();
const model = join(folder, "tiny.ts");
writeFileSync(
  model,
  `import { flatten, input, linear, model, N } from "weftgpu";
const image = input("image", [N, 1, 28, 28]);
const logits = linear(flatten(image), { out: 10 });
export default model("tiny", { image }, { logits });
`,
);
const EPOCHS = 40;
const flags = ["--limit", "500", "--batch", "50", "--lr", "0.05", "--schedule", "cosine", "-e", `${EPOCHS}`];
const process_ = (args: readonly string[]): Promise<Result> => weftProcess(args);

/** Starts training and sends the signal once `epochs` lines are printed. */
async function stopped(
  out: string,
  signal: NodeJS.Signals,
  epochs: number,
): Promise<Result & { signal: string | null }> {
  const failed = inject("buildError");
  if (failed) throw new Error(`dist/ could not be built: ${failed}`);
  const args = [join(root, "dist/cli.js"), "train", model, ...flags, "--out", out, "--format", "json"];
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr, sent] = ["", "", false];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (!sent && stdout.split("\n").length > epochs) sent = child.kill(signal);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, by) => resolve({ code, stdout, stderr, signal: by }));
  });
}

const lastEpoch = (stdout: string): number => stdout.trim().split("\n").length;

describe("a training that is stopped", () => {
  const whole = join(folder, "whole.safetensors");
  beforeAll(async () => {
    await works(["train", model, ...flags, "--out", whole, "-q"]);
  });

  test.each<[NodeJS.Signals, number]>([
    ["SIGKILL", 3],
    ["SIGINT", 2],
    ["SIGTERM", 4],
  ])(
    "by %s after %i epochs ends, resumed, with the bytes of an uninterrupted one",
    async (signal, epochs) => {
      const out = join(scratch(), "w.safetensors");
      const first = await stopped(out, signal, epochs);
      if (signal === "SIGKILL") expect(first.signal).toBe("SIGKILL");
      else {
        expect(first.code).toBe(130);
        expect(first.stderr).toContain("interrupted and saved; go on with");
        expect(first.stderr).toContain(`weft train ${model} --out ${out} --resume`);
      }
      expect(lastEpoch(first.stdout)).toBeLessThan(EPOCHS);
      expect(existsSync(out)).toBe(true);

      const resume = ["train", model, "--out", out, "--resume", "--format", "json"];
      const rest = await works(resume, signal === "SIGKILL" ? process_ : weft);
      expect(rest.stderr).toMatch(/going on after \d+ epochs/);
      expect(JSON.parse(rest.stdout.trim().split("\n").at(-1) ?? "").epoch).toBe(EPOCHS);
      expect(readFileSync(out)).toEqual(readFileSync(whole));
      const checkpoint = (path: string): Buffer =>
        readFileSync(path.replace(".safetensors", ".checkpoint.safetensors"));
      expect(checkpoint(out)).toEqual(checkpoint(whole));
      // A killed process may leave a temporary file, which has a name of its own; no other does.
      if (signal !== "SIGKILL") expect(readdirSync(join(out, ".."))).toHaveLength(2);
    },
  );
});

describe("as a process", () => {
  test("mistakes are one message and code 1", async () => {
    const train = ["train", model, "--out", join(scratch(), "w.safetensors")];
    expect(await fails([...train, "--lr", "0"], process_)).toContain("It must be a number above 0.");
    // The rest within this process: what makes a message and a code of an error is the same for all.
    expect(await fails([...train, "--limit", "9", "--batch", "10"])).toContain(
      "is larger than the 9 examples of synthetic",
    );
    expect(await fails([...train, "--resume"])).toContain("there is no checkpoint to resume from");
    expect(await fails(["train", model, "--out", "/proc/w.safetensors", "--limit", "300"])).toContain(
      "cannot write",
    );
    expect(await fails(["eval", model, "-w", "none.safetensors"])).toContain("cannot read the weights");
  });

  test("a disk that is full ends training; what was written before stays whole", async () => {
    const out = join(scratch(), "w.safetensors");
    await works(["train", model, ...flags.slice(0, 8), "-e", "1", "--out", out, "-q"]);
    const before = readFileSync(out);
    const full = await weftProcess(["train", model, "--out", out, "--resume", "-e", "3"], {
      env: { NODE_OPTIONS: `--import ${join(root, "test/cli/full-disk.mjs")}` },
    });
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^error: cannot write .*w\.safetensors: the disk is full$/m);
    expect(readFileSync(out)).toEqual(before);
    expect(readdirSync(join(out, ".."))).toHaveLength(2);
  });
});
