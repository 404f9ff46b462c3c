/** The device of a run, with what is said about it. */
import type { Precision } from "../compiler/compile.ts";
import { UserError } from "../compiler/errors.ts";
import { findGpu } from "../runtime/node/device.ts";
import {
  type AdapterChoice,
  type Clock,
  clockOf,
  type DeviceOptions,
  requestDevice,
  wallClock,
} from "../runtime/node/index.ts";
import { wasmDevice } from "../runtime/wasm/index.ts";
import { wasmProblem } from "../runtime/wasm/simd.ts";
import type { DeviceChoice } from "./flags.ts";
import type { Ui } from "./ui.ts";

/** Where a model runs: in WebAssembly, or through WebGPU on such an adapter. */
export interface Place {
  readonly wasm: boolean;
  readonly adapter: AdapterChoice | undefined;
}

export interface PlaceFlags {
  readonly device?: DeviceChoice;
  readonly adapter?: AdapterChoice;
  readonly precision?: Precision;
}

/**
 * What the flags come to on this machine. Without any: a GPU, else WebAssembly, else an adapter that computes on the CPU. Throws
 * `UserError` for flags that contradict each other.
 */
export async function placeFor({ device, adapter, precision }: PlaceFlags): Promise<Place> {
  const given = adapter !== undefined && adapter !== process.env["WEFT_ADAPTER"];
  const webgpu = (kind = adapter): Place => ({ wasm: false, adapter: kind });
  if (given && (device === "wasm" || (device === "software" && adapter !== "software")))
    throw new UserError({
      problem: `--device ${device} and --adapter ${adapter} exclude each other`,
      rule: "--adapter is of WebGPU: --device webgpu",
      fix: "leave one out",
    });
  if (device === "wasm" && precision === "f16")
    throw new UserError({
      problem: "WebAssembly cannot run a model in f16",
      rule: 'its kernels compute in f32; --precision f16 needs an adapter with the feature "shader-f16"',
      fix: "leave out --precision f16, or --device webgpu",
    });
  if (device === "wasm") return { wasm: true, adapter: undefined };
  if (device === "software") return webgpu("software");
  if (device === "webgpu" || adapter !== undefined || precision === "f16") return webgpu();
  if (await findGpu()) return webgpu("hardware");
  return wasmProblem() ? webgpu() : { wasm: true, adapter: undefined };
}

export interface Opened {
  readonly device: GPUDevice;
  /** `SwiftShader driver 5.0.0 (on the CPU)`, `WebAssembly, 8 threads` */
  readonly name: string;
  close(): void;
}

/** A device there, which a line says. */
export async function openPlace(ui: Ui, { wasm, adapter }: Place): Promise<Opened> {
  if (!wasm) {
    const opened = await openDevice({ ...ui, note: ui.detail }, adapter);
    ui.note(`device: ${opened.name}`);
    return opened;
  }
  const device = await wasmDevice();
  const name = device.adapterInfo.description;
  ui.note(`device: ${name}`);
  return { device, name, close: () => device.destroy() };
}

export async function openDevice(
  ui: Ui,
  adapter: AdapterChoice | undefined,
  more: DeviceOptions = {},
): Promise<Opened> {
  const opened = await requestDevice({ ...(adapter && { adapter }), ...more });
  if (opened.note) ui.note(opened.note);
  const { name, software, vendor, architecture } = opened.adapter;
  ui.detail(`adapter: ${[name, vendor, architecture].filter((part) => part !== "").join(", ")}`);
  return {
    device: opened.device,
    name: software ? `${name} (on the CPU)` : name,
    close: () => opened.device.destroy(),
  };
}

/** Dawn rounds timestamps to 0.1 ms unless told otherwise: longer than many a kernel. */
export const TIMED = ["disable-dawn-features=timestamp_quantization"];

/** With a clock for its kernels: the adapter's own, unless there is none, or the wall clock is asked for. */
export async function openTimed(
  ui: Ui,
  { adapter, wall = false }: { readonly adapter?: AdapterChoice; readonly wall?: boolean },
): Promise<Opened & { readonly clock: Clock }> {
  const features: GPUFeatureName[] = wall ? [] : ["timestamp-query"];
  const opened = await openDevice(ui, adapter, { features, flags: TIMED });
  const clock = wall ? wallClock(opened.device) : clockOf(opened.device);
  if (!wall && clock.kind === "wall")
    ui.note("the adapter has no timestamp-query: times are those of the wall clock");
  return { ...opened, clock };
}
