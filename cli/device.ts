/** The device of a run, with what is said about it. */
import {
  type AdapterChoice,
  type Clock,
  clockOf,
  type DeviceOptions,
  requestDevice,
  wallClock,
} from "../runtime/node/index.ts";
import type { Ui } from "./ui.ts";

export interface Opened {
  readonly device: GPUDevice;
  /** `SwiftShader driver 5.0.0 (on the CPU)` */
  readonly name: string;
  close(): void;
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
