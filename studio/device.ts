/** The page's one device: a GPU's, or WebAssembly where there is none. */
import { type TargetName, targetFor } from "../compiler/strategies/target.ts";
import { WeftError } from "../contract/errors.ts";
import { wasmDevice } from "../runtime/wasm/index.ts";
import { wasmProblem } from "../runtime/wasm/simd.ts";
import { type Signal, signal } from "./signal.ts";

export interface Devices {
  device(): Promise<GPUDevice>;
  readonly target: Signal<TargetName>;
  /** What the kernels that are shown are compiled for: the same of a GPU, which WebAssembly does not change. */
  readonly shown: Signal<TargetName>;
  /** Why WebAssembly computes; null where it does not. */
  readonly missing: Signal<string | null>;
  /** The adapter in words; null until it is known, or where there is none. */
  readonly adapter: Signal<string | null>;
}

export function devices(): Devices {
  const target = signal<TargetName>("portable");
  const shown = signal<TargetName>("portable");
  const missing = signal<string | null>(null);
  const adapter = signal<string | null>(null);
  let opened: Promise<GPUDevice> | undefined;
  const open = async (): Promise<GPUDevice> => {
    const found = await findAdapter().catch((error: Error) => {
      if (wasmProblem()) throw error;
      missing.set(error.message);
    });
    if (!found) return openWasm();
    const { maxBufferSize, maxStorageBufferBindingSize } = found.limits;
    const features: readonly GPUFeatureName[] = ["subgroups", "timestamp-query"];
    const device = await found.requestDevice({
      requiredFeatures: features.filter((f) => found.features.has(f)),
      requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    });
    device.lost.then(() => {
      opened = undefined;
    });
    adapter.set(nameOf(found));
    missing.set(null);
    target.set(targetFor(found));
    shown.set(target.value);
    return device;
  };
  const openWasm = async (): Promise<GPUDevice> => {
    const device = await wasmDevice();
    device.lost.then(() => {
      opened = undefined;
    });
    adapter.set(device.adapterInfo.description);
    target.set("wasm");
    return device;
  };
  return {
    target,
    shown,
    missing,
    adapter,
    device() {
      opened ??= open().catch((error) => {
        opened = undefined; // a GPU may come back
        throw error;
      });
      return opened;
    },
  };
}

async function findAdapter(): Promise<GPUAdapter> {
  if (!globalThis.isSecureContext)
    throw new WeftError("no-device", "WebGPU needs https, or http on localhost: this page is neither");
  if (!("gpu" in navigator))
    throw new WeftError(
      "no-device",
      "this browser has no WebGPU. Chrome and Edge 113 or later have it, Safari 26, and Firefox 141 on Windows; on Linux it may have to be enabled",
    );
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter)
    throw new WeftError(
      "no-device",
      "this browser has WebGPU, but found no adapter: update the graphics driver, or look at chrome://gpu for the reason",
    );
  return adapter;
}

function nameOf({ info }: GPUAdapter): string {
  const name =
    info.description || [info.vendor, info.architecture, info.device].filter((part) => part !== "").join(" ");
  return info.isFallbackAdapter ? `${name || "software adapter"} (on the CPU)` : name || "GPU";
}
