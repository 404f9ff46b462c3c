/** Where the GPU refuses, runs out of memory or is lost, and where a session is given up. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load } from "../../runtime/index.ts";
import { usualDevice } from "../adapter.ts";
import { withoutMemory } from "../faults/faulty.ts";
import { failure } from "./failure.ts";
import { addition, chain, dispatch, range, slow, w, withWgsl } from "./programs.ts";

let device: GPUDevice;
const uncaptured: string[] = [];
beforeAll(async () => {
  ({ device } = await usualDevice());
  device.onuncapturederror = ({ error }) => uncaptured.push(error.message);
});
afterAll(() => {
  expect(uncaptured).toEqual([]);
  device.destroy();
});

describe("failures of the GPU", () => {
  test("invalid WGSL: kernel, layer and line", async () => {
    const bad = withWgsl(addition, (wgsl) => wgsl.replace("a[i] + b[i]", "a[i] + nothing[i]"));
    const error = await failure(load(bad, { device }));
    expect(error.code).toBe("gpu");
    expect(error.message).toMatch(
      /^kernel "add" \(add_layer\): WGSL line 9: unresolved value 'nothing'\n {2}if \(i < batch\.n \* 3u\)/,
    );
  });
  test("WGSL that is valid alone but not with its bindings", async () => {
    const bad = withWgsl(addition, (wgsl) => wgsl.replace("@binding(2)", "@binding(7)"));
    const error = await failure(load(bad, { device }));
    expect(error.message).toMatch(/^kernel "add" \(add_layer\): /);
  });
  test("a kernel without its entry point", async () => {
    const bad = withWgsl(addition, (wgsl) => wgsl.replace("fn main", "fn other"));
    expect((await failure(load(bad, { device }))).message).toMatch(/^kernel "add" \(add_layer\): /);
  });
  test("a dispatch that reads and writes one buffer", async () => {
    const bad = { ...addition, dispatches: [dispatch(0, [0, 1, 1], 3)] };
    const session = await load(bad, { device });
    const error = await failure(session.run({ a: range(3), b: range(3) }));
    expect(error.code).toBe("gpu");
    expect(error.message).toMatch(/^addition, batch of 1: /);
    expect(error.message).toContain("add");
  });
  test("a session goes on after a run that failed", async () => {
    const session = await load(addition, { device });
    await failure(session.run({ a: range(3), b: range(6) }));
    const { sum } = await session.run({ a: range(3), b: range(3) });
    expect(sum?.data).toEqual(Float32Array.of(0, 2, 4));
  });
  test("out of memory: the run is rejected and a smaller one works", async () => {
    const { device: own } = await usualDevice();
    // No test can count on a machine lacking memory, so the device says that it does where a buffer is large.
    const small = withoutMemory(own, (size) => size > 1e6);
    const session = await load(addition, { device: small });
    const many = range(3 * 100_000);
    const error = await failure(session.run({ a: many, b: many }));
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toBe("addition, batch of 100000: no memory left");
    const { sum } = await session.run({ a: range(3), b: range(3) });
    expect(sum?.data).toEqual(Float32Array.of(0, 2, 4));
    own.destroy();
  });
  test("leaves no error scope open, whether it worked or not", async () => {
    const { device: own } = await usualDevice();
    const session = await load(addition, { device: own });
    await session.run({ a: range(3), b: range(3) });
    const bad = { ...addition, dispatches: [dispatch(0, [0, 1, 1], 3)] };
    const faulty = await load(bad, { device: own });
    await failure(faulty.run({ a: range(3), b: range(3) }));
    await failure(
      load(
        withWgsl(addition, () => "nothing"),
        { device: own },
      ),
    );
    await expect(own.popErrorScope()).rejects.toThrow();
    own.destroy();
  });
  test("something that is no program", async () => {
    const error = await failure(load(JSON.parse('{"format":"weft-program","version":2}')));
    expect(error).toMatchObject({
      code: "program",
      message: "no Weft program, or not for weftgpu/runtime",
    });
  });
  test("no device where there is no WebGPU", async () => {
    const error = await failure(load(addition));
    expect(error.code).toBe("no-device");
    expect(error.message).toContain("requestDevice()");
  });
});

describe("a lost device", () => {
  test("rejects pending runs, then every run, until the session is reloaded", async () => {
    const { device: first } = await usualDevice();
    const session = await load(chain, { device: first, weights: w });
    const x = range(5);
    await session.run({ x });
    const pending = [session.run({ x }), session.run({ x }), session.run({ x })];
    const failures = Promise.all(pending.map(failure));
    first.destroy();
    for (const error of await failures) {
      expect(error.code).toBe("device-lost");
      expect(error.message).toMatch(/^the GPU device was lost \(destroyed.*\); reload\(\) takes a new one$/);
    }
    expect((await failure(session.run({ x }))).code).toBe("device-lost");

    const { device: second } = await usualDevice();
    await session.reload(second);
    const { scaled } = await session.run({ x });
    expect(scaled?.data).toEqual(Float32Array.of(0, 8, 36, 96, 200));
    second.destroy();
  });

  test("in the middle of a kernel", async () => {
    const { device: own } = await usualDevice();
    const session = await load(slow(5_000_000), { device: own });
    const { queue } = own;
    const submit = queue.submit.bind(queue);
    const submitted = new Promise<void>((resolve) => {
      queue.submit = (commands) => {
        submit(commands);
        resolve();
      };
    });
    const error = failure(session.run({ x: range(64) }));
    await submitted;
    own.destroy();
    expect((await error).code).toBe("device-lost");
  });

  test("while a program is loaded", async () => {
    const { device: own } = await usualDevice();
    const error = failure(load(chain, { device: own, weights: w }));
    own.destroy();
    expect((await error).code).toBe("device-lost");
  });

  test("before a program is loaded", async () => {
    const { device: own } = await usualDevice();
    own.destroy();
    expect((await failure(load(chain, { device: own, weights: w }))).code).toBe("device-lost");
  });
});

describe("destroy", () => {
  test("rejects runs in flight and later ones; reload brings the session back", async () => {
    const session = await load(addition, { device });
    const inputs = { a: range(3), b: range(3) };
    const pending = failure(session.run(inputs));
    session.destroy();
    expect((await pending).code).toBe("destroyed");
    expect((await failure(session.run(inputs))).code).toBe("destroyed");
    session.destroy();
    await session.reload(device);
    expect((await session.run(inputs))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
  });

  test("leaves a device that was given alone", async () => {
    const session = await load(addition, { device });
    session.destroy();
    const other = await load(addition, { device });
    expect((await other.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
  });

  test("reloading while loading keeps the last device", async () => {
    const session = await load(addition, { device });
    const [one, two] = await Promise.all([usualDevice(), usualDevice()]);
    const reloads = [session.reload(one.device), session.reload(two.device)];
    await Promise.all(reloads);
    one.device.destroy();
    expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
    two.device.destroy();
  });
});
