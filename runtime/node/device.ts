/** A WebGPU device in Node: Dawn on the machine's GPU, else on a driver that runs on the CPU. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FEATURES } from "../../contract/adapter.ts";
import { WeftError } from "../../contract/errors.ts";
import { deviceOf } from "../gpu.ts";
import { checkOptions, type Rule } from "../options.ts";
import { wasmProblem } from "../wasm/simd.ts";
import { loadLibrary, loadSoftwareDriver, softwareProblem } from "./software.ts";
import { pace } from "./wait.ts";

/** Which kind of adapter is asked for; see `DeviceOptions`. */
export type AdapterChoice = "auto" | "hardware" | "software";

/** What an adapter says of itself. */
export interface AdapterInfo {
  /** `NVIDIA GeForce RTX 4090`, `SwiftShader driver 5.0.0`. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether it runs on the CPU. */
  readonly software: boolean;
}

/** What `requestDevice` may be given. */
export interface DeviceOptions {
  /**
   * "auto": a GPU if there is one, else a software adapter. "software": the driver that VK_ICD_FILENAMES or
   * VK_DRIVER_FILES names if it runs on the CPU, else that of npm's package @sparticuz/chromium. Default: the environment
   * variable WEFT_ADAPTER, else "auto".
   */
  readonly adapter?: AdapterChoice;
  /** Features wanted; those that the adapter lacks are left out. */
  readonly features?: readonly GPUFeatureName[];
  /**
   * Whether a device that computes in WebAssembly is better than a software adapter: with the choice "auto" it is given where there
   * is no GPU. Programs have to be compiled for it; `targetFor(device)` says so. Default: no.
   */
  readonly wasm?: boolean;
  /** Dawn's own flags, such as `enable-dawn-features=disable_robustness`. */
  readonly flags?: readonly string[];
}

/** A device, and where it came from. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly adapter: AdapterInfo;
  /** One line for people if the adapter is not a GPU. */
  readonly note: string | undefined;
}

const TEXTS: Rule = [
  "an array of texts",
  (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
];
const CHOICES: readonly unknown[] = ["auto", "hardware", "software"] satisfies AdapterChoice[];
export const CHOICE: Rule = ['"auto", "hardware" or "software"', (value) => CHOICES.includes(value)];
const OPTIONS: Readonly<Record<keyof DeviceOptions, Rule>> = {
  adapter: CHOICE,
  features: TEXTS,
  wasm: ["true or false", (value) => typeof value === "boolean"],
  flags: TEXTS,
};

/**
 * Opens a device with the largest buffers that its adapter has, and the features that programs may use. Throws `WeftError`:
 * "no-device", which says what to do, and "input" of options.
 * A process with open devices ends by itself once nothing is pending.
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<OpenedDevice> {
  checkOptions("requestDevice", options, OPTIONS);
  const { adapter: choice = choiceFromEnvironment(), wasm, flags } = options;
  if (wasm && choice === "auto" && !wasmProblem() && !(await findGpu())) return wasmOpened();
  const adapter = await findAdapter(choice, flags);
  const device = await deviceOf(adapter, [...FEATURES, ...(options.features ?? [])]);
  const info = describe(adapter);
  return { device, adapter: info, note: info.software ? softwareNote(info) : undefined };
}

async function wasmOpened(): Promise<OpenedDevice> {
  const device = await (await import("../wasm/index.ts")).wasmDevice();
  const { vendor, architecture, device: kind, description } = device.adapterInfo;
  const adapter = { name: description, vendor, architecture, device: kind, description, software: true };
  return { device, adapter, note: `no GPU: running in ${description}` };
}

/** The adapter that `requestDevice` would open. Throws `WeftError` "no-device". */
export async function findAdapter(
  choice: AdapterChoice = choiceFromEnvironment(),
  flags: readonly string[] = [],
): Promise<GPUAdapter> {
  const tried: string[] = [];
  if (mayHaveDriver(choice)) {
    const found = await ask(flags);
    const software = found?.info.isFallbackAdapter;
    if (found && (choice === "auto" || software === (choice === "software"))) return found;
    if (found) tried.push(`${describe(found).name} ${software ? "runs on the CPU" : "is a GPU"}`);
  }
  if (tried.length === 0) tried.push("no GPU driver was found");
  if (choice !== "hardware") {
    const problem = softwareProblem();
    if (!problem) {
      const found = await askSoftware(flags);
      if (found) return found;
      tried.push("the software adapter of npm did not start");
    } else tried.push(problem);
  }
  throw new WeftError("no-device", `no WebGPU adapter: ${tried.join("; ")}.\n${advice(choice).join("\n")}`);
}

/** A GPU, if this machine has one that a driver knows. Asks for no software adapter. Never throws. */
export async function findGpu(): Promise<GPUAdapter | undefined> {
  const found = mayHaveDriver("auto") ? await ask([]).catch(() => null) : null;
  return found && !found.info.isFallbackAdapter ? found : undefined;
}

/** What to do if there is no adapter, or only a slow one. */
export function advice(choice: AdapterChoice): string[] {
  const lines: string[] = [];
  if (process.platform === "linux") {
    lines.push(
      "  GPU: install its Vulkan driver (Debian, Ubuntu: mesa-vulkan-drivers; NVIDIA: its own package)",
    );
    if (choice !== "hardware")
      lines.push(
        process.arch === "x64"
          ? "  no GPU: npm i -D @sparticuz/chromium@147, or Mesa 25 or later, brings a software adapter"
          : "  no GPU: mesa-vulkan-drivers (Mesa 25 or later) brings a software adapter",
      );
  } else if (process.platform === "win32") lines.push("  GPU: update the graphics driver (Direct3D 12)");
  else if (process.platform === "darwin") lines.push("  GPU: WebGPU needs Metal: macOS 13 or later");
  if (choice !== "hardware")
    lines.push(
      '  no adapter: WebAssembly computes on the CPU: weft run --device wasm; compile(graph, { target: "wasm" })',
    );
  return lines;
}

export function describe({ info }: GPUAdapter): AdapterInfo {
  const { vendor, architecture, device, description, isFallbackAdapter } = info;
  const name = description.split(":")[0]?.trim() || device || [vendor, architecture].join(" ").trim();
  return { name, vendor, architecture, device, description, software: isFallbackAdapter };
}

function softwareNote({ name }: AdapterInfo): string {
  return `no GPU: running on ${name}, which computes on the CPU (slow; for tests and first tries)`;
}

function choiceFromEnvironment(): AdapterChoice {
  const choice = process.env["WEFT_ADAPTER"] || "auto";
  checkOptions("the environment", { WEFT_ADAPTER: choice }, { WEFT_ADAPTER: CHOICE });
  return choice as AdapterChoice; // as checked
}

function driverIsConfigured(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  return Boolean(VK_ICD_FILENAMES || VK_DRIVER_FILES);
}

/**
 * Whether it makes sense to ask the system's drivers. On Linux Dawn complains at length on stderr where there is no
 * Vulkan loader or no driver, so the places where the loader looks for drivers are looked at first.
 */
export function mayHaveDriver(choice: AdapterChoice): boolean {
  if (driverIsConfigured()) return true;
  if (choice === "software") return false;
  if (process.platform !== "linux" || choice === "hardware" || process.env["VK_ADD_DRIVER_FILES"])
    return true;
  return driverManifests().length > 0 && loadLibrary("libvulkan.so.1");
}

/** Manifests of installed Vulkan drivers (Vulkan-Loader, LoaderDriverInterface.md: "Linux Driver Discovery"). */
export function driverManifests(): string[] {
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const roots = [
    XDG_CONFIG_HOME || join(homedir(), ".config"),
    ...(XDG_CONFIG_DIRS || "/etc/xdg").split(":"),
    "/etc",
    XDG_DATA_HOME || join(homedir(), ".local/share"),
    ...(XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(":"),
    "/run/opengl-driver/share", // NixOS
  ];
  return [...new Set(roots)].flatMap((root) => {
    const folder = join(root, "vulkan/icd.d");
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => join(folder, name));
  });
}

/** Asks Dawn, with the software driver configured only while it looks for drivers: child processes do not see it. */
async function askSoftware(flags: readonly string[]): Promise<GPUAdapter | null> {
  const kept = { ...process.env };
  const manifest = loadSoftwareDriver();
  const set: Record<string, string> = { VK_ICD_FILENAMES: manifest, VK_DRIVER_FILES: manifest };
  Object.assign(process.env, set);
  try {
    return await ask(flags);
  } finally {
    for (const key of Object.keys(set)) {
      if (kept[key] === undefined) delete process.env[key];
      else process.env[key] = kept[key];
    }
  }
}

/**
 * Dawn crashes the process when its root object is collected while a device lives, so every root is kept. It does
 * not keep the process from ending.
 */
const roots = new Map<string, GPU>();

async function ask(flags: readonly string[]): Promise<GPUAdapter | null> {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  const key = [VK_ICD_FILENAMES, VK_DRIVER_FILES, ...flags].join("\n");
  const dawn = await import("webgpu").catch((error: Error) => {
    const [reason] = error.message.split("\n");
    throw new WeftError("no-device", `Dawn, the npm package webgpu, cannot be loaded: ${reason}`);
  });
  pace(dawn.globals);
  let gpu = roots.get(key);
  if (!gpu) {
    gpu = dawn.create([...flags]);
    roots.set(key, gpu);
  }
  return gpu.requestAdapter({ powerPreference: "high-performance" });
}
