/**
 * What surrounds a runtime in Node: files, and a parent that asks for rounds, so that those of different runtimes can
 * alternate. In a page, host-page.ts takes this file's place.
 */
import { readFileSync } from "node:fs";
import { type Answer, answer, begin, failure, type Open, taskFrom } from "./task.ts";

/** A file of a package that the benchmark installs. */
export async function packageFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(readFileSync(new URL(`../${path}`, import.meta.url)));
}

/** Where a package's WebAssembly lies, for runtimes that load it themselves. */
export const packageFolder = (path: string): string => new URL(`../${path}`, import.meta.url).pathname;

/** The whole life of a peer's process. */
export async function serve(open: Open): Promise<void> {
  const send = (message: Answer): void => {
    if (process.send) process.send(message);
    else console.log(message); // started by hand
  };
  try {
    const folder = process.argv[2] ?? ".";
    const task = await taskFrom(async (name) => readFileSync(`${folder}/${name}`));
    const runner = await open(task);
    send(await begin(task, runner, () => send({ kind: "first" })));
    process.on("message", async (times: number) => send(await answer(runner, times).catch(failure)));
  } catch (error) {
    send(failure(error));
  }
}
