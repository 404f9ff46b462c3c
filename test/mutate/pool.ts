/** Processes that run guards side by side, each on a copy of its own; one that hangs is ended and replaced. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Guard } from "./mutation.ts";
import { copyOf, type Tree } from "./tree.ts";
import type { Outcome, Request } from "./worker.ts";

/** A copy of the repository and the process that tests it. */
export class Bench {
  readonly #root: string;
  readonly #tree: Tree;
  #child: Promise<ChildProcess> | undefined;
  /** Files that differ from the copy's own. */
  #replaced: readonly string[] = [];
  /** Files that the process has seen with another text. */
  #stale: readonly string[] = [];

  constructor(root: string) {
    this.#root = root;
    this.#tree = copyOf(root);
  }

  /** Puts other texts in place of files' own, until the next call. */
  change(texts: ReadonlyMap<string, string>): void {
    this.#tree.restore();
    for (const [file, text] of texts) this.#tree.replace(file, text);
    this.#stale = [...this.#stale, ...this.#replaced, ...texts.keys()];
    this.#replaced = [...texts.keys()];
  }

  /** What the guard says, or undefined where it took longer than `limit` milliseconds. */
  async run(guard: Guard, limit: number): Promise<Outcome | undefined> {
    this.#child ??= this.#start();
    const child = await this.#child;
    const request: Request = { guard, changed: [...new Set(this.#stale)] };
    this.#stale = [];
    return new Promise((resolve) => {
      const done = (outcome: Outcome | undefined): void => {
        clearTimeout(timer);
        child.off("message", done).off("exit", ended);
        resolve(outcome);
      };
      const ended = (): void => {
        this.#child = undefined;
        done({ passed: 0, failure: "the process ended" });
      };
      const timer = setTimeout(() => {
        child.off("exit", ended);
        this.#stop(child);
        done(undefined);
      }, limit);
      child.on("message", done).on("exit", ended);
      child.send(request);
    });
  }

  async close(): Promise<void> {
    const child = await this.#child;
    if (child) this.#stop(child);
    this.#tree.remove();
  }

  #start(): Promise<ChildProcess> {
    const script = join(this.#root, "scripts/run.mjs");
    const child = fork(script, [join(this.#root, "test/mutate/worker.ts"), this.#tree.folder], {
      cwd: this.#root,
      detached: true, // a group of its own: with it end the tests' processes
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return new Promise((resolve, reject) => {
      child.once("message", () => resolve(child));
      child.once("exit", (code) => reject(new Error(`Vitest could not be started: exit code ${code}`)));
    });
  }

  #stop(child: ChildProcess): void {
    this.#child = undefined;
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      child.kill("SIGKILL"); // where there are no process groups
    }
  }
}

/** Takes jobs off one list, on each bench one at a time. */
export async function share<T>(
  benches: readonly Bench[],
  jobs: readonly T[],
  work: (bench: Bench, job: T) => Promise<void>,
): Promise<void> {
  const left = [...jobs];
  await Promise.all(
    benches.map(async (bench) => {
      for (let job = left.shift(); job !== undefined; job = left.shift()) await work(bench, job);
    }),
  );
}
