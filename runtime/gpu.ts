/** One device, watched: whatever is asked of it either works or throws a `WeftError`. */
import type { Shader } from "../compiler/ir/program.ts";
import { WeftError } from "./errors.ts";

/** They are closed in the reverse order, of which the middle one is the middle one too. */
const FILTERS = ["internal", "out-of-memory", "validation"] as const;

export class Gpu {
  readonly device: GPUDevice;
  /** Set once the device is lost, or given up. */
  lost: WeftError | undefined;
  readonly #waiting = new Set<(error: WeftError) => void>();

  constructor(device: GPUDevice) {
    this.device = device;
    device.lost.then(({ reason, message }) => {
      const why = `${reason}${message && `: ${message}`}`;
      this.fail(
        new WeftError("device-lost", `the GPU device was lost (${why}); session.reload() takes a new one`),
      );
    });
  }

  /** Rejects all that is awaited, now and later. */
  fail(error: WeftError): void {
    this.lost ??= error;
    for (const reject of this.#waiting) reject(this.lost);
  }

  /** `work`, but rejected as soon as the device is lost. */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): boolean => this.#waiting.delete(reject);
      this.#waiting.add(reject);
      work.then(
        (value) => {
          done();
          resolve(value);
        },
        async (error) => {
          // A lost device rejects its promises first and says so a little later.
          await new Promise((later) => setTimeout(later));
          done();
          reject(this.lost ?? error);
        },
      );
      if (this.lost) reject(this.lost);
    });
  }

  /**
   * Runs `make` in error scopes of every kind and waits for their verdict. Scopes are a stack of the device's, which
   * others may use meanwhile: so they are opened and closed within one turn, and `make` must not wait for anything.
   */
  async scoped<T>(what: string, make: () => T, explain?: (value: T) => Promise<string>): Promise<T> {
    const { device } = this;
    for (const filter of FILTERS) device.pushErrorScope(filter);
    const verdicts: Promise<GPUError | null>[] = [];
    let value: T;
    try {
      value = make();
    } finally {
      for (const _ of FILTERS) verdicts.push(device.popErrorScope());
    }
    const errors = await this.wait(Promise.all(verdicts));
    for (const [i, error] of errors.entries()) {
      if (!error) continue;
      const detail = (explain && (await explain(value))) || error.message;
      throw new WeftError(i === 1 ? "out-of-memory" : "gpu", `${what}: ${detail}`);
    }
    return value;
  }

  /** A compute pipeline for one WGSL text. Errors name the kernel, its layers and the line. */
  async pipeline({ name, layers, wgsl, usesBatch, bindings }: Shader): Promise<GPUComputePipeline> {
    const { device } = this;
    const what = `kernel "${name}" (${layers.join(", ")})`;
    const module = await this.scoped(
      what,
      () => device.createShaderModule({ label: name, code: wgsl }),
      async (module) => {
        const { messages } = await this.wait(module.getCompilationInfo());
        const lines = wgsl.split("\n");
        return messages
          .filter((m) => m.type === "error")
          .map((m) => `WGSL line ${m.lineNum}: ${m.message}\n  ${lines[m.lineNum - 1]?.trim() ?? ""}`)
          .join("\n");
      },
    );
    const types: GPUBufferBindingType[] = bindings.map((b) =>
      b.access === "read" ? "read-only-storage" : "storage",
    );
    if (usesBatch) types.unshift("uniform");
    const layout = await this.scoped(what, () =>
      device.createPipelineLayout({
        bindGroupLayouts: [
          device.createBindGroupLayout({
            entries: types.map((type, binding) => ({ binding, visibility: 4, buffer: { type } })),
          }),
        ],
      }),
    );
    try {
      return await this.wait(
        device.createComputePipelineAsync({ label: name, layout, compute: { module, entryPoint: "main" } }),
      );
    } catch (error) {
      throw error instanceof WeftError ? error : new WeftError("gpu", `${what}: ${(error as Error).message}`);
    }
  }
}
