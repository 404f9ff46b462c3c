/** Runs `weft` as its user does: within this process, which is quick, or as the built command in one of its own. */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, vi } from "vitest";
import { weft as command, type Elsewhere } from "../../cli/weft.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(root, "dist/cli.js");

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs the command in this process and catches what it prints; `elsewhere` is asked as for the built command. */
export async function weft(args: readonly string[], elsewhere?: Elsewhere): Promise<Result> {
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      printed[name] += text;
      return true;
    }),
  );
  try {
    return { code: await command(args, elsewhere), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs the built `weft` as a process of its own, as a user does. */
export async function weftProcess(args: readonly string[], options: Options = {}): Promise<Result> {
  const failed = inject("buildError");
  if (failed) throw new Error(`dist/ could not be built: ${failed}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** A new, empty folder. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), "weft-test-"));

export type Runner = (args: readonly string[]) => Promise<Result>;

/** A success: code 0 and no control characters, since the output is no terminal. */
export async function works(args: readonly string[], run: Runner = weft): Promise<Result> {
  const result = await run(args);
  expect(result.stderr).not.toContain("error:");
  expect(result.code).toBe(0);
  expectPlain(result);
  return result;
}

/** A user's mistake: code 1, nothing on stdout, one message on stderr without a stack trace. The message is returned. */
export async function fails(args: readonly string[], run: Runner = weft): Promise<string> {
  const result = await run(args);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 1, stdout: "" });
  expect(result.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(result.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect(result.stderr).not.toMatch(/node_modules|dist\/chunk|internal error|node:internal/);
  expectPlain(result);
  return result.stderr;
}

function expectPlain({ stdout, stderr }: Result): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that must not be there.
  expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
}
