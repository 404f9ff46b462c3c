/** Adapters that refuse what they are asked for, in a page and in Node. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../compiler/compile.ts";
import lenet from "../../models/lenet.ts";
import { load } from "../../runtime/index.ts";
import { findAdapter } from "../../runtime/node/device.ts";
import { requestDevice } from "../../runtime/node/index.ts";
import { addition, withWgsl } from "../runtime/programs.ts";
import { failure } from "./faulty.ts";

const inputs = { a: Float32Array.of(1, 2, 3), b: Float32Array.of(4, 5, 6) };

/** A new one for each test: an adapter gives one device. */
let real: GPUAdapter;
beforeEach(async () => {
  real = await findAdapter();
});
afterEach(() => vi.unstubAllGlobals());

/** A page whose `navigator.gpu` gives an adapter that answers `requestDevice` in this way. */
function page(answer: (descriptor?: GPUDeviceDescriptor) => Promise<GPUDevice>): GPUDeviceDescriptor[] {
  const asked: GPUDeviceDescriptor[] = [];
  const adapter = {
    limits: real.limits,
    features: real.features,
    info: real.info,
    requestDevice: (descriptor: GPUDeviceDescriptor = {}) => {
      asked.push(descriptor);
      return answer(descriptor);
    },
  };
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => adapter } });
  return asked;
}

const refuse = (reason: string) => () => Promise.reject(new DOMException(reason, "OperationError"));

describe("an adapter", () => {
  test("that gives what it has: limits and features are asked for once", async () => {
    const asked = page((descriptor) => real.requestDevice(descriptor));
    const session = await load(addition);
    expect((await session.run(inputs))["sum"]?.data).toEqual(Float32Array.of(5, 7, 9));
    expect(asked).toEqual([
      {
        requiredFeatures: ["subgroups", "shader-f16"].filter((f) => real.features.has(f)),
        requiredLimits: {
          maxBufferSize: real.limits.maxBufferSize,
          maxStorageBufferBindingSize: real.limits.maxStorageBufferBindingSize,
        },
      },
    ]);
    session.destroy();
  });

  test("that refuses its own limits or features is asked for a plain device", async () => {
    for (const key of ["requiredLimits", "requiredFeatures"] as const) {
      real = await findAdapter();
      const asked = page((descriptor) =>
        descriptor?.[key] ? refuse(`${key} refused`)() : real.requestDevice(descriptor),
      );
      const session = await load(addition);
      expect((await session.run(inputs))["sum"]?.data).toEqual(Float32Array.of(5, 7, 9));
      expect(asked).toHaveLength(2);
      session.destroy();
    }
  });

  test("that gives no device at all", async () => {
    page(refuse("the driver has crashed"));
    expect(await failure(load(addition))).toMatchObject({
      code: "no-device",
      message: "the WebGPU adapter gives no device: the driver has crashed",
    });
  });

  test("that is not there", async () => {
    vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } });
    expect((await failure(load(addition))).code).toBe("no-device");
    vi.stubGlobal("navigator", {});
    expect((await failure(load(addition))).code).toBe("no-device");
  });

  test("that is lost right after it gave its device", async () => {
    page(async (descriptor) => {
      const device = await real.requestDevice(descriptor);
      device.destroy();
      return device;
    });
    expect((await failure(load(addition))).code).toBe("device-lost");
  });
});

describe("a device", () => {
  test("without the feature that a program needs: says which, and computes nothing", async () => {
    const plain = await real.requestDevice();
    const wgsl = (text: string): string =>
      `enable subgroups;\n${text.replace("a[i] +", "subgroupAdd(a[i]) +")}`;
    const program = withWgsl(addition, wgsl);
    expect(await failure(load({ ...program, features: ["subgroups"] }, { device: plain }))).toMatchObject({
      code: "no-device",
      message: 'addition needs the device feature "subgroups"',
    });
    // A program that does not say what it needs is refused by WebGPU.
    const error = await failure(load(program, { device: plain }));
    expect(error.code).toBe("gpu");
    expect(error.message).toMatch(/^kernel "add" \(add_layer\): WGSL line 1: .*subgroups/);
    plain.destroy();
  });

  test("with small buffers: the parameters that do not fit are named", async () => {
    const { device } = await requestDevice();
    Object.defineProperty(device, "limits", {
      value: { maxBufferSize: 4096, maxStorageBufferBindingSize: 4096 },
    });
    const error = await failure(load(compile(lenet.graph).program, { device }));
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toMatch(/^lenet: ".+" needs \d+ bytes, a buffer of this device holds 4096$/);
    device.destroy();
  });
});
