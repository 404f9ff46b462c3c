/** TensorFlow.js on the CPU, in WebAssembly: one thread. */
import { serve } from "./host.ts";
import { openTfWasm } from "./tfjsWasm.ts";

await serve((task) => openTfWasm(task, 1));
