/** TensorFlow.js on WebGPU. */
import { setBackend } from "@tensorflow/tfjs-core";
import { serve } from "./host.ts";
import { openTf } from "./tfjs.ts";
import { installWebGpu } from "./webgpu.ts";

await serve(async (task) => {
  installWebGpu();
  await import("@tensorflow/tfjs-backend-webgpu"); // registers itself if it sees WebGPU
  if (!(await setBackend("webgpu"))) throw new Error("TensorFlow.js refuses this WebGPU");
  return openTf(task);
});
