/** The part that TensorFlow.js in WebAssembly shares, whatever the threads. */
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { setBackend } from "@tensorflow/tfjs-core";
import { packageFolder } from "./host.ts";
import type { Runner, Task } from "./task.ts";
import { openTf } from "./tfjs.ts";

export async function openTfWasm(task: Task, threads: number): Promise<Runner> {
  setWasmPaths(packageFolder("@tensorflow/tfjs-backend-wasm/wasm-out/"));
  setThreadsCount(threads);
  if (!(await setBackend("wasm"))) throw new Error("TensorFlow.js refuses WebAssembly");
  return openTf(task);
}
