/** Processes of peers: bundled once, started with a row's folder, asked for rounds. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { PeerInfo } from "./peers/index.ts";
import type { Answer, Ready } from "./peers/serve.ts";

/** A bundle that a process runs, and how many bytes of code a user of the runtime would be sent, gzipped. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

const COMMONJS = [
  `import { createRequire as benchRequire } from "node:module";`,
  `import { fileURLToPath as benchPath } from "node:url";`,
  "const require = benchRequire(import.meta.url);",
  `const __filename = benchPath(import.meta.url), __dirname = benchPath(new URL(".", import.meta.url));`,
].join("\n");

/** `folder`: the benchmark's, whose packages are bundled. Native packages stay outside. */
export async function bundlePeer({ file, name, wasm }: PeerInfo, folder: string): Promise<Bundle> {
  const outfile = `${folder}/node_modules/.cache/peer-${name}.mjs`;
  const { outputFiles } = await build({
    entryPoints: [`${folder}/peers/${file}`],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    mainFields: ["module", "main"],
    conditions: ["import", "browser"],
    format: "esm",
    target: "node20",
    external: ["webgpu", "onnxruntime-node", "node-fetch"],
    logLevel: "error",
    write: false,
    // Packages in the older module format expect these of Node.
    banner: { js: COMMONJS },
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`${name} was not bundled`);
  writeFileSync(outfile, output.contents);
  const sent = [output.contents, ...(wasm ? [readFileSync(`${folder}/node_modules/${wasm}`)] : [])];
  return { file: outfile, bytes: sent.reduce((sum, data) => sum + gzipSync(data).length, 0) };
}

export const benchFolder = (): string => fileURLToPath(new URL("../..", import.meta.url));

/** A peer that has computed its first result. */
export class Child {
  readonly ready: Ready;
  /** From the start of the process to the first result, as its parent sees it. */
  readonly coldMs: number;
  readonly #process: ChildProcess;
  readonly #errors: () => string;

  private constructor(process: ChildProcess, ready: Ready, coldMs: number, errors: () => string) {
    this.#process = process;
    this.ready = ready;
    this.coldMs = coldMs;
    this.#errors = errors;
  }

  /** Throws with the reason where it fails, or takes longer than `limitMs`. */
  static async start(
    bundle: Bundle,
    folder: string,
    env: NodeJS.ProcessEnv,
    limitMs: number,
  ): Promise<Child> {
    const start = performance.now();
    const child = fork(bundle.file, [folder], {
      env,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let text = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-2000);
    });
    try {
      const answer = await answerOf(child, limitMs, () => text);
      if (answer.kind !== "ready") throw new Error("it answered before it was ready");
      return new Child(child, answer, performance.now() - start, () => text);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Milliseconds of `times` repetitions. */
  async run(times: number, limitMs: number): Promise<number> {
    const answer = answerOf(this.#process, limitMs, this.#errors);
    this.#process.send(times);
    const got = await answer;
    if (got.kind !== "ran") throw new Error("it answered out of turn");
    return got.ms;
  }

  end(): void {
    this.#process.kill("SIGKILL");
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
