/** TensorFlow.js on WebGPU. */
import { setBackend, version_core } from "@tensorflow/tfjs-core";
import { installWebGpu } from "./dawn.ts";
import { serve } from "./serve.ts";
import { openTf } from "./tfjs.ts";

await serve(version_core, async (task) => {
  installWebGpu();
  await import("@tensorflow/tfjs-backend-webgpu"); // registers itself if it sees WebGPU
  if (!(await setBackend("webgpu"))) throw new Error("TensorFlow.js refuses this WebGPU");
  return openTf(task);
});
