/** Dawn as `navigator.gpu`, for the runtimes that want it: whoever computes elsewhere does not wait for it. In a page, host-page.ts. */
import { create, globals } from "webgpu";
import { requestDevice } from "../../runtime/node/index.ts";
import { loadSoftwareDriver } from "../../runtime/node/software.ts";
import { pace } from "../../runtime/node/wait.ts";
import { countCalls } from "./task.ts";

/** What of the package's globals is changed here. */
interface Prototypes {
  readonly GPUQueue: { prototype: Pick<GPUQueue, "writeBuffer"> };
}

/** Kept: Dawn crashes when its root is collected. */
let root: GPU | undefined;

/** Dawn's binding refuses memory that threads share, as that of ONNX Runtime Web's WebAssembly is: it is copied. */
function acceptSharedMemory({ GPUQueue }: Prototypes): void {
  const { writeBuffer } = GPUQueue.prototype;
  GPUQueue.prototype.writeBuffer = function (buffer, offset, data, start, size) {
    const shared = data instanceof Uint8Array && data.buffer instanceof SharedArrayBuffer;
    const copy = shared ? Uint8Array.from(data) : (data as GPUAllowSharedBufferSource); // what it was declared as
    return writeBuffer.call(this, buffer, offset, copy, start, size);
  };
}

/** Dawn on the adapter that the environment names, waiting as Weft's runtime waits. */
export function installWebGpu(): void {
  if (!process.env["VK_ICD_FILENAMES"] && process.env["WEFT_ADAPTER"] === "software") {
    const manifest = loadSoftwareDriver();
    process.env["VK_ICD_FILENAMES"] = manifest;
    process.env["VK_DRIVER_FILES"] = manifest;
  }
  pace(globals);
  acceptSharedMemory(globals as unknown as Prototypes); // the package declares no types for them
  countCalls(globals);
  Object.assign(globalThis, globals, { self: globalThis });
  root = create([]);
  const navigator = { ...globalThis.navigator, gpu: root, userAgent: "node", hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

/** Weft's device, as its users open it. */
export async function openDevice(): Promise<GPUDevice> {
  countCalls(globals);
  return (await requestDevice({ features: ["subgroups"] })).device;
}
