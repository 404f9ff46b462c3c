/** Processes of runtimes: started with a row's folder, asked for rounds. */
import { type ChildProcess, fork } from "node:child_process";
import { performance } from "node:perf_hooks";
import type { Bundle } from "./bundles.ts";
import type { Answer, Ready } from "./peers/task.ts";

/** A runtime that has computed its first result, in whatever it lives in. */
export interface Racer {
  readonly ready: Ready;
  /** From the start of its process, or of the page's loading, to the first result. */
  readonly coldMs: number;
  /** Milliseconds of `times` repetitions. Throws with the reason where it fails, or takes longer than `limitMs`. */
  run(times: number, limitMs: number): Promise<number>;
  end(): Promise<void>;
}

/** Throws as `run` does. */
export async function startChild(
  { file }: Bundle,
  flags: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  limitMs: number,
): Promise<Racer> {
  const start = performance.now();
  const child = fork(file, [folder], {
    env,
    execArgv: [...flags],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  });
  const next = (limit: number): Promise<Answer> => answerOf(child, limit, () => text);
  try {
    const first = await next(limitMs);
    const coldMs = performance.now() - start;
    if (first.kind !== "first") throw new Error("it answered before its first result");
    const ready = await next(limitMs);
    if (ready.kind !== "ready") throw new Error("it answered before it was ready");
    return {
      ready,
      coldMs,
      async run(times, limit) {
        const answer = next(limit);
        child.send(times);
        const got = await answer;
        if (got.kind !== "ran") throw new Error("it answered out of turn");
        return got.ms;
      },
      end: async () => {
        child.kill("SIGKILL");
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function answerOf(child: ChildProcess, limitMs: number, errors: () => string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      clearTimeout(timer);
      child.removeAllListeners("message");
      child.removeAllListeners("exit");
      act();
    };
    const fail = (why: string): void => end(() => reject(new Error(why)));
    const timer = setTimeout(() => fail(`> ${Math.round(limitMs / 1000)} s`), limitMs);
    child.on("message", (answer: Answer) =>
      answer.kind === "failed" ? fail(answer.why) : end(() => resolve(answer)),
    );
    child.on("exit", (code) => fail(`its process ended with ${code}: ${reasonIn(errors())}`));
  });
}

/** The line of what a process wrote that says why it ended. */
function reasonIn(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /Error|error/.test(line)) ?? lines.at(-1) ?? "";
}
