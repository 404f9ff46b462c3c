/**
 * What Dawn, the Vulkan loader and drivers write to the process's own stderr. They warn there of what nobody can act on,
 * such as "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16". Dawn has no option
 * against it, and Node cannot turn a descriptor aside for a while. So where such a driver may be asked, the command runs
 * in a child process with two of them: one for what is written in JavaScript, the command's words and the model's, which
 * is passed on as it is, and stderr itself, which is left to native code, and from which warnings are dropped. With
 * `--verbose` there is no child.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { isatty, WriteStream } from "node:tty";
import type { Command } from "commander";
import { asksForAdapter } from "./flags.ts";
import type { Elsewhere } from "./weft.ts";

/** Set for the child. */
const HUSHED = "WEFT_HUSHED";
/** The child's descriptor of what is written in JavaScript, after the streams and the channel. */
const WORDS = 4;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly NodeJS.Signals[];

/** Runs the command line in a child where a driver may speak, and gives its exit code. */
export function hushed(args: readonly string[]): Elsewhere {
  return async (command) => ((await maySpeak(command)) ? inChild(args) : undefined);
}

/** Whether a driver may be asked that warns; the software adapter of npm says nothing. */
export async function maySpeak(command: Command): Promise<boolean> {
  const { bun, deno } = process.versions;
  const { device, adapter = "auto", verbose } = command.opts();
  if (device === "wasm") return false;
  if (process.platform !== "linux" || bun || deno || verbose || !asksForAdapter(command)) return false;
  return (await import("../runtime/node/device.ts")).mayHaveDriver(device === "software" ? device : adapter);
}

function inChild(args: readonly string[]): Promise<number> {
  const { isTTY: terminal, fd } = process.stderr;
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
    // The channel ends with this process, however that ends, and the child with the channel.
    stdio: ["inherit", "inherit", "pipe", "ipc", terminal ? fd : "pipe"],
    env: { ...process.env, [HUSHED]: "1" },
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  passOn(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
  });
}

function passOn({ stderr, stdio }: ChildProcess): void {
  stdio[WORDS]?.on("data", (words) => process.stderr.write(words));
  if (!stderr) return;
  const stays = withoutWarnings();
  createInterface({ input: stderr }).on("line", (line) => {
    if (stays(line)) process.stderr.write(`${line}\n`);
  });
}

/** Answers line by line: no warning, nor what belongs to one (during what, where in Dawn, an empty line). */
export function withoutWarnings(): (line: string) => boolean {
  let within = false;
  return (line) => {
    within = /^warning: /i.test(line) || (within && /^( {4}at .*| - .*)?$/.test(line));
    return !within;
  };
}

/** Whether this is the child. It then writes where nothing is dropped, and ends when the process does that made it. */
export function isHushed(): boolean {
  if (process.env[HUSHED] === undefined || !process.channel) return false;
  delete process.env[HUSHED]; // this is no business of processes that it starts
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
  const value = isatty(WORDS) ? new WriteStream(WORDS) : new Socket({ fd: WORDS, readable: false });
  Object.defineProperty(process, "stderr", { value, configurable: true });
  return true;
}
