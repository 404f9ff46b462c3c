/** TensorFlow.js on the CPU, in WebAssembly: a thread for each core, in a page that is isolated. */
import { serve } from "./host.ts";
import { openTfWasm } from "./tfjsWasm.ts";

await serve((task) => openTfWasm(task, navigator.hardwareConcurrency));
