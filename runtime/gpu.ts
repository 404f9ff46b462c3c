/** One device, watched: whatever is asked of it either works or throws a `WeftError`. */

import { FEATURES, type RunsOn } from "../contract/adapter.ts";
import { WeftError } from "../contract/errors.ts";
import type { Program, Shader } from "../contract/program.ts";
import type { TensorData } from "../contract/tensor.ts";
import { checkOptions, type DeviceKind, LOAD } from "./options.ts";

/** True in bundles whose programs have no form for WebAssembly: what is for others alone is left out there. */
declare const WEFT_WEBGPU_ONLY: true | undefined;

/** They are closed in the reverse order, of which the middle one is the middle one too. */
const FILTERS = ["internal", "out-of-memory", "validation"] as const;

export class Gpu {
  readonly device: GPUDevice;
  readonly runsOn: RunsOn;
  /** Set once the device is lost, or given up. */
  #end: WeftError | undefined;
  readonly #waiting = new Set<(error: WeftError) => void>();
  readonly #owned: boolean;

  /** `owned`: whether the device is ours to destroy. */
  constructor(device: GPUDevice, owned: boolean) {
    this.device = device;
    this.#owned = owned;
    this.runsOn = (device as Partial<Gpu>).runsOn ?? {
      kind: "webgpu",
      text: device.adapterInfo?.description ?? "",
    };
    device.lost.then(({ reason, message }) => {
      const why = `the GPU device was lost (${reason}${message && `: ${message}`})`;
      this.close(new WeftError("device-lost", `${why}; reload() takes a new one`));
    });
  }

  /** Rejects all that is awaited, now and later, and destroys the device if it is ours. */
  close(error: WeftError): void {
    this.#end ??= error;
    for (const reject of this.#waiting) reject(this.#end);
    if (this.#owned) this.device.destroy();
  }

  /** The result of `work`. Throws as soon as the device is lost, and `what` with the reason if the work fails. */
  wait<T>(what: string, work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work
        .then(resolve, async (error) => {
          // A lost device rejects its promises first and says so a little later: in a page, by another process.
          await new Promise((later) => setTimeout(later, 200));
          reject(this.#end ?? new WeftError("gpu", `${what}: ${error.message}`));
        })
        .finally(() => this.#waiting.delete(reject));
      if (this.#end) reject(this.#end);
    });
  }

  /**
   * Runs `make` in error scopes of every kind and waits for their verdict. Scopes are a stack of the device's, which
   * others may use meanwhile: so they are opened and closed within one turn, and `make` must not wait for anything.
   */
  async scoped<T>(what: string, make: () => T, explain?: (made: T) => Promise<string>): Promise<T> {
    const { device } = this;
    for (const filter of FILTERS) device.pushErrorScope(filter);
    let made: T;
    let verdicts: Promise<GPUError | null>[];
    try {
      made = make();
    } finally {
      verdicts = FILTERS.map(() => device.popErrorScope());
    }
    const errors = await this.wait(what, Promise.all(verdicts));
    // A buffer for which there is no memory is invalid, which its first use says as well.
    const [, full] = errors;
    const error = full ?? errors.find(Boolean);
    if (error)
      throw new WeftError(
        full ? "out-of-memory" : "gpu",
        `${what}: ${(await explain?.(made)) || error.message}`,
      );
    return made;
  }

  /**
   * Everything that is sent to a buffer goes through here. WebGPU takes no memory that is shared or may change its size
   * (npm's webgpu ends the process, a page throws): of such, a copy.
   */
  write(buffer: GPUBuffer, data: TensorData | Uint16Array): void {
    const memory = data.buffer as ArrayBufferLike & { readonly resizable?: boolean }; // of ES2024
    const fixed = memory instanceof ArrayBuffer && !memory.resizable;
    this.device.queue.writeBuffer(buffer, 0, (fixed ? data : data.slice()) as GPUAllowSharedBufferSource);
  }

  /** A compute pipeline for one WGSL text, or of a program's module. Errors name the kernel, its layers and the line. */
  async pipeline(shader: Shader, of?: Program): Promise<GPUComputePipeline> {
    const { name, layers, wgsl, usesBatch, bindings } = shader;
    const { device } = this;
    const what = `kernel "${name}" (${layers.join(", ")})`;
    const buffers: GPUBufferBindingLayout[] = bindings.map((b) => ({
      type: b.access === "read" ? "read-only-storage" : "storage",
    }));
    if (usesBatch) buffers.unshift({ type: "uniform", hasDynamicOffset: true });
    const { module, layout } = await this.scoped(
      what,
      () => ({
        module: device.createShaderModule(
          typeof WEFT_WEBGPU_ONLY === "undefined" && of?.module
            ? { label: name, ...of.module }
            : { label: name, code: wgsl },
        ),
        layout: device.createPipelineLayout({
          bindGroupLayouts: [
            device.createBindGroupLayout({
              entries: buffers.map((buffer, binding) => ({ binding, visibility: 4, buffer })),
            }),
          ],
        }),
      }),
      async ({ module }) => {
        const { messages } = await this.wait(what, module.getCompilationInfo());
        const lines = wgsl.split("\n");
        return messages
          .filter((m) => m.type === "error")
          .map((m) => `WGSL line ${m.lineNum}: ${m.message}\n  ${lines[m.lineNum - 1]?.trim()}`)
          .join("\n");
      },
    );
    return this.wait(
      what,
      device.createComputePipelineAsync({
        label: name,
        layout,
        compute: {
          module,
          ...(typeof WEFT_WEBGPU_ONLY === "undefined" && of?.module
            ? { entryPoint: `${of.kernels.indexOf(shader)}`, cost: shader.cost }
            : { entryPoint: "main" }),
        },
      }),
    );
  }
}

/** A program or a training, as far as it says what it is for. */
interface Forms {
  readonly name: string;
  readonly module?: unknown;
  readonly step?: Program;
  readonly wasm?: unknown;
}

/**
 * The given device, or what is found of that kind for a program or a training; a page's own device has the largest buffers
 * that its adapter has. Throws `WeftError`: "input", "no-device".
 */
export async function openGpu(device: GPUDevice | DeviceKind | undefined, given: Forms): Promise<Gpu> {
  if (device !== undefined) checkOptions("device", { device }, LOAD);
  if (typeof device === "object") return new Gpu(device, false);
  if (typeof WEFT_WEBGPU_ONLY === "undefined" && (await takesWasm(device, given)))
    return new Gpu(await (await import("./wasm/index.ts")).wasmDevice(), true);
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  if (!adapter)
    throw new WeftError(
      "no-device",
      "there is no WebGPU adapter here; in Node, pass the device that requestDevice() of weftgpu/node gives",
    );
  return new Gpu(await deviceOf(adapter), true);
}

/** Where there is a form for either, a GPU is preferred, and nothing else is where "auto" is said. */
async function takesWasm(device: DeviceKind | undefined, { module, step, wasm }: Forms): Promise<unknown> {
  if (device === "webgpu") return false;
  if (device === "wasm" || module || step?.module) return true;
  if (!wasm) return false;
  const adapter = await globalThis.navigator?.gpu?.requestAdapter();
  return !adapter || (device && adapter.info.isFallbackAdapter);
}

/**
 * A device with the largest buffers that the adapter has and with those features that it has; with the default
 * ones where it refuses them after all. Throws `WeftError` "no-device" where it gives none.
 */
export async function deviceOf(
  adapter: GPUAdapter,
  features: readonly string[] = FEATURES,
): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  try {
    return await adapter
      .requestDevice({
        requiredFeatures: (features as GPUFeatureName[]).filter((f) => adapter.features.has(f)),
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
      })
      .catch(() => adapter.requestDevice());
  } catch (error) {
    throw new WeftError("no-device", `the WebGPU adapter gives no device: ${(error as Error).message}`);
  }
}

/** What of it runs on a device. Throws `WeftError` "program" where it is for the other kind alone. */
export function formOf<T extends Forms>({ runsOn }: Gpu, given: T): T {
  if (typeof WEFT_WEBGPU_ONLY !== "undefined") return given;
  const wasm = runsOn.kind === "wasm";
  const form = wasm === Boolean(given.module ?? given.step?.module) ? given : wasm && given.wasm;
  if (form) return form as T; // what stands there is of the same type
  throw new WeftError(
    "program",
    `${given.name} is not for ${runsOn.kind}; try: ${wasm ? 'compile(graph, { target: "wasm" })' : 'device: "wasm"'}`,
  );
}
