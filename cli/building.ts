/**
 * Says on stderr that kernels are being built, which takes some drivers tens of seconds: on a terminal with the time so far,
 * until it is done; elsewhere in one line, once it takes longer than a moment.
 */
import { pipelineCount } from "../compiler/report/kernels.ts";
import type { Program } from "../contract/program.ts";
import { startWait } from "./progress.ts";
import type { Ui } from "./ui.ts";

/** Milliseconds. */
const MOMENT = 1000;

export interface Said {
  readonly ui: Ui;
  readonly quiet?: boolean;
}

/** `building 24 kernels` */
export function buildingText(programs: readonly Program[]): string {
  const count = programs.reduce((sum, program) => sum + pipelineCount(program), 0);
  return `building ${count} kernel${count === 1 ? "" : "s"}`;
}

/**
 * Begins to say it of the kernels of these programs, and on a terminal how many of them the device has built. What is returned
 * ends that; calling it again does nothing. Drivers that put off most of the work to a kernel's first use make the first run
 * or step a part of building.
 */
export function startBuilding(
  programs: readonly Program[],
  { ui, quiet = false }: Said,
  { device, what = "" }: { readonly device?: GPUDevice; readonly what?: string } = {},
): () => void {
  const text = `${buildingText(programs)}${what}`;
  const wait = quiet ? undefined : startWait(`${text} …`);
  const timer = wait ? undefined : setTimeout(() => ui.note(`${text} …`), MOMENT);
  let done = 0;
  const counted = wait && device && onPipeline(device, () => wait.say(`${text}, ${++done} done …`));
  let going = true;
  return () => {
    if (!going) return;
    going = false;
    counted?.();
    wait?.stop();
    clearTimeout(timer);
  };
}

/** Calls `built` for every pipeline that the device has made, until what is returned is called. The device is the command's own. */
function onPipeline(device: GPUDevice, built: () => void): () => void {
  const make = device.createComputePipelineAsync;
  device.createComputePipelineAsync = async (descriptor) => {
    const pipeline = await make.call(device, descriptor);
    built();
    return pipeline;
  };
  return () => {
    device.createComputePipelineAsync = make;
  };
}
