/** What a person needs to know when WebGPU does not work, or works slowly: as data, for `weft doctor` to print. */
import { createRequire } from "node:module";
import { WeftError } from "../../contract/errors.ts";
import { checkOptions } from "../options.ts";
import { wasmProblem } from "../wasm/simd.ts";
import {
  type AdapterChoice,
  type AdapterInfo,
  advice,
  CHOICE,
  describe,
  driverManifests,
  findAdapter,
} from "./device.ts";
import { softwareProblem } from "./software.ts";

export interface AdapterReport extends AdapterInfo {
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** What `doctor` has found. */
export interface DoctorReport {
  readonly system: {
    readonly platform: string;
    readonly arch: string;
    readonly node: string;
    /** The version of the npm package that carries Dawn, if it is installed. */
    readonly webgpu: string | undefined;
  };
  /** What `requestDevice()` opens; absent if there is nothing. */
  readonly adapter: AdapterReport | undefined;
  /** Vulkan drivers: configured by the environment, or installed (Linux). */
  readonly drivers: readonly string[];
  /** Why the software adapter of npm cannot be used here; absent if it can. */
  readonly softwareProblem: string | undefined;
  /** Why WebAssembly cannot be used here; absent if it can. */
  readonly wasmProblem: string | undefined;
  /** What is wrong, if anything, and what to do: one item a line. */
  readonly advice: readonly string[];
}

/** Looks without opening a device. Throws `WeftError` "input" of the choice alone: no adapter is a finding. */
export async function doctor(choice?: AdapterChoice): Promise<DoctorReport> {
  checkOptions("doctor", { choice }, { choice: CHOICE });
  const system = {
    platform: process.platform,
    arch: process.arch,
    node: process.versions.node,
    webgpu: dawnVersion(),
  };
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  const configured = VK_DRIVER_FILES || VK_ICD_FILENAMES;
  const drivers = configured?.split(":") ?? (process.platform === "linux" ? driverManifests() : []);
  const common = { system, drivers, softwareProblem: softwareProblem(), wasmProblem: wasmProblem() };
  try {
    const adapter = report(await findAdapter(choice));
    const slow = [
      `${adapter.name} computes on the CPU: fine for tests and first tries, slow for anything else`,
      ...advice("hardware").map((line) => line.trim()),
    ];
    return { ...common, adapter, advice: adapter.software ? slow : [] };
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return { ...common, adapter: undefined, advice: error.message.split("\n").map((line) => line.trim()) };
  }
}

function report(adapter: GPUAdapter): AdapterReport {
  const limits: Record<string, number> = {};
  for (const key in adapter.limits) {
    const value = adapter.limits[key as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[key] = value;
  }
  return { ...describe(adapter), features: [...adapter.features].sort(), limits };
}

function dawnVersion(): string | undefined {
  try {
    return createRequire(import.meta.url)("webgpu/package.json").version;
  } catch {
    return undefined;
  }
}
