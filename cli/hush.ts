/**
 * What Dawn, the Vulkan loader and drivers write to the process's own stderr. They warn there of what nobody can act on,
 * such as "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16". Dawn has no option
 * against it, and Node cannot turn a descriptor aside for a while. So where such a driver may be asked, the command runs
 * in a child process, of whose stderr all but these warnings is passed on. With `--verbose` it does not.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { WriteStream } from "node:tty";
import { mayHaveDriver } from "../runtime/node/device.ts";
import type { AdapterChoice } from "../runtime/node/index.ts";

/** The commands with `--adapter`. */
export const ASKING: readonly string[] = ["run", "train", "eval", "profile", "tune", "doctor"];

/** Set for the child: the descriptor of the terminal that stderr is, or nothing where it is none. */
const HUSHED = "WEFT_HUSHED";
const FIRST_FREE = 4; // after the streams and the channel

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly NodeJS.Signals[];

/** Whether this command line may make a driver speak. The software adapter of npm says nothing. */
export function wantsHush(args: readonly string[]): boolean {
  const { bun, deno } = process.versions;
  if (process.platform !== "linux" || bun || deno || !ASKING.includes(args[0] ?? "")) return false;
  if (args.some((arg) => arg === "--verbose" || /^-[a-z]*v/.test(arg))) return false;
  const [, given] = /(?:^|\n)(?:--adapter[=\n]|-a\n?)(hardware|software)(?:\n|$)/.exec(args.join("\n")) ?? [];
  return mayHaveDriver((given ?? process.env["WEFT_ADAPTER"] ?? "auto") as AdapterChoice); // others are refused later
}

/** Runs the same command line in a child, and gives its exit code. */
export function hush(args: readonly string[]): Promise<number> {
  const { isTTY: terminal, fd } = process.stderr;
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", ...args], {
    // The channel ends with this process, however that ends, and the child with the channel.
    stdio: ["inherit", "inherit", "pipe", "ipc", ...(terminal ? [fd] : [])],
    env: { ...process.env, [HUSHED]: terminal ? String(FIRST_FREE) : "" },
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  passOn(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
  });
}

function passOn({ stderr }: ChildProcess): void {
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

/** Whether this is the child. Its stderr is the terminal again, and it ends when the process does that made it. */
export function isHushed(): boolean {
  const terminal = process.env[HUSHED];
  if (terminal === undefined || !process.channel) return false;
  delete process.env[HUSHED]; // this is no business of processes that it starts
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
  if (terminal !== "")
    Object.defineProperty(process, "stderr", {
      value: new WriteStream(Number(terminal)),
      configurable: true,
    });
  return true;
}
