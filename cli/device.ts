/** The device of a run, with what is said about it. */
import { type AdapterChoice, requestDevice } from "../runtime/node/index.ts";
import type { Ui } from "./ui.ts";

export interface Opened {
  readonly device: GPUDevice;
  /** `SwiftShader driver 5.0.0 (on the CPU)` */
  readonly name: string;
  close(): void;
}

export async function openDevice(ui: Ui, adapter: AdapterChoice | undefined): Promise<Opened> {
  const opened = await requestDevice(adapter ? { adapter } : {});
  if (opened.note) ui.note(opened.note);
  const { name, software, vendor, architecture } = opened.adapter;
  ui.detail(`adapter: ${[name, vendor, architecture].filter((part) => part !== "").join(", ")}`);
  return {
    device: opened.device,
    name: software ? `${name} (on the CPU)` : name,
    close: () => opened.device.destroy(),
  };
}
