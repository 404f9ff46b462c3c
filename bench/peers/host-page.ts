/** What surrounds a runtime in a page: files by fetch, and functions that the benchmark calls. */
import { type Answer, answer, begin, countCalls, failure, type Open, type Runner, taskFrom } from "./task.ts";

declare global {
  interface Window {
    /** Called with the folder's address; resolves with the first answer and how long it took. */
    benchBegin(folder: string): Promise<{ readonly answer: Answer; readonly coldMs: number }>;
    benchRun(times: number): Promise<Answer>;
  }
}

const fetched = async (address: string): Promise<Uint8Array<ArrayBuffer>> => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

export function installWebGpu(): void {
  countCalls(globalThis);
}

/** Weft's device, as its users open it: with subgroups where there are any. */
export async function openDevice(): Promise<GPUDevice> {
  countCalls(globalThis);
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("the page has no WebGPU adapter");
  const requiredFeatures = adapter.features.has("subgroups") ? ["subgroups" as const] : [];
  return adapter.requestDevice({ requiredFeatures });
}

export const packageFile = (path: string): Promise<Uint8Array<ArrayBuffer>> => fetched(`/packages/${path}`);
export const packageFolder = (path: string): string => `/packages/${path}`;

export async function serve(open: Open): Promise<void> {
  let runner: Runner | undefined;
  window.benchBegin = async (folder) => {
    try {
      const task = await taskFrom((name) => fetched(`${folder}/${name}`));
      runner = await open(task);
      let coldMs = Number.NaN;
      const first = await begin(task, runner, () => {
        coldMs = performance.now(); // since the page began to load
      });
      return { answer: { ...first, output: Array.from(first.output) as unknown as Float32Array }, coldMs };
    } catch (error) {
      return { answer: failure(error), coldMs: Number.NaN };
    }
  };
  window.benchRun = (times) =>
    runner ? answer(runner, times).catch(failure) : Promise.resolve(failure("nothing is open"));
}
