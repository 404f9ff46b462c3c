/** The page's one GPU device. */
import { type TargetName, targetFor } from "../compiler/strategies/target.ts";
import { WeftError } from "../contract/errors.ts";
import { type Signal, signal } from "./signal.ts";

export interface Devices {
  device(): Promise<GPUDevice>;
  readonly target: Signal<TargetName>;
  /** The adapter in words; null until it is known, or where there is none. */
  readonly adapter: Signal<string | null>;
}

export function devices(): Devices {
  const target = signal<TargetName>("portable");
  const adapter = signal<string | null>(null);
  let opened: Promise<GPUDevice> | undefined;
  const open = async (): Promise<GPUDevice> => {
    const found = await findAdapter();
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
    target.set(targetFor(found));
    return device;
  };
  return {
    target,
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
