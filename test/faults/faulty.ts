/** A device at which something goes wrong at a chosen moment. */
import { expect } from "vitest";
import { WeftError } from "../../runtime/index.ts";

/** What is called on the device and its queue, in order. */
export interface Watched {
  readonly device: GPUDevice;
  readonly calls: string[];
}

/** Passes every call of the device and its queue on to it, after telling `before` its number (from 0) and name. */
export function watched(of: GPUDevice, before: (call: number, name: string) => void = () => {}): Watched {
  const calls: string[] = [];
  const through = <T extends object>(target: T, prefix: string, queue?: GPUQueue): T =>
    new Proxy(target, {
      get(_, key) {
        if (key === "queue" && queue) return queue;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const name = `${prefix}${String(key)}`;
          calls.push(name);
          before(calls.length - 1, name);
          return Reflect.apply(value, target, args);
        };
      },
    });
  return { device: through(of, "", through(of.queue, "queue.")), calls };
}

/**
 * A device that has no memory for the buffers that `refuses` picks by their size: they are invalid, and the scope for
 * that kind of error says why.
 */
export function withoutMemory(of: GPUDevice, refuses: (size: number) => boolean): GPUDevice {
  const open: { readonly filter: GPUErrorFilter; full: boolean }[] = [];
  const own = {
    pushErrorScope(filter: GPUErrorFilter): void {
      open.push({ filter, full: false });
      of.pushErrorScope(filter);
    },
    async popErrorScope(): Promise<Pick<GPUError, "message"> | null> {
      const scope = open.pop();
      const error = await of.popErrorScope();
      return scope?.full ? { message: "no memory left" } : error;
    },
    createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
      if (!refuses(descriptor.size)) return of.createBuffer(descriptor);
      const scope = open.findLast((s) => s.filter === "out-of-memory");
      if (scope) scope.full = true;
      of.pushErrorScope("validation");
      const invalid = of.createBuffer({ ...descriptor, usage: 0 });
      of.popErrorScope();
      return invalid;
    },
  };
  return new Proxy(of, {
    get(_, key) {
      const value: unknown = Reflect.get(key in own ? own : of, key);
      return typeof value === "function" && !(key in own) ? value.bind(of) : value;
    },
  });
}

/** How the work ended: its result, or the code of the `WeftError` that it threw. Anything else is thrown. */
export async function ending<T>(
  work: Promise<T>,
): Promise<{ readonly value: T } | { readonly code: string }> {
  try {
    return { value: await work };
  } catch (error) {
    if (error instanceof WeftError) return { code: error.code };
    throw error;
  }
}

/** The `WeftError` that the work throws. */
export async function failure(work: Promise<unknown>): Promise<WeftError> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(WeftError);
    return error as WeftError; // as checked
  }
  return expect.fail("nothing was thrown");
}
