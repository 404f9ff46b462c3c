/** The device of WebAssembly, with modules written by hand. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { Program } from "../../contract/program.ts";
import { checkFinite, load, type Session } from "../../runtime/index.ts";
import { wasmDevice } from "../../runtime/wasm/index.ts";
import { failure } from "./failure.ts";
import { addition, chain, range, w } from "./programs.ts";
import { ADD, get, moduleOf, outside, trapping, wasmAddition, wasmChain, withModule } from "./wasmModules.ts";

/** A workgroup that is worth dividing, and a list that workers carry out. */
const LARGE = 1_000_000;

const devices: GPUDevice[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) device.destroy();
});
async function open(...options: Parameters<typeof wasmDevice>): Promise<GPUDevice> {
  const device = await wasmDevice(...options);
  devices.push(device);
  return device;
}

/** On the thread that calls, and on three workers. */
const WAYS = [
  ["here", 1, 100],
  ["here, where there are workers", 3, 100],
  ["on workers", 3, LARGE],
] as const;

describe.each(WAYS)("%s", (_, threads, cost) => {
  test("computes, whatever the batch", async () => {
    const device = await open({ threads });
    const session = await load(wasmAddition(cost), { device });
    for (const n of [1, 1000, 7, 5000]) {
      const { sum } = await session.run({ a: range(3 * n, 1), b: range(3 * n) });
      expect(sum).toEqual({ shape: [n, 3], data: range(3 * n).map((x) => 2 * x + 1) });
    }
  });

  test("one kernel after another, parameters prepared, two programs at once", async () => {
    const device = await open({ threads });
    const [one, other] = await Promise.all([
      load(wasmChain(cost), { device, weights: w }),
      load(wasmAddition(cost), { device }),
    ]);
    const [{ scaled, doubled }, { sum }] = await Promise.all([
      one.run({ x: range(5000) }),
      other.run({ a: range(300), b: range(300) }),
    ]);
    expect(doubled?.data).toEqual(range(5000).map((x) => 2 * x));
    expect(scaled?.data).toEqual(range(5000).map((x, i) => 2 * x * ((i % 5) + 1) ** 2));
    expect(sum?.data).toEqual(range(300).map((x) => 2 * x));
  });

  test("results of overlapping calls do not mix, whatever their batches", async () => {
    const session = await load(wasmAddition(cost), { device: await open({ threads }) });
    const sizes = Array.from({ length: 40 }, (_, i) => 1 + ((i * 7) % 11));
    const results = await Promise.all(
      sizes.map((n, i) => session.run({ a: range(n * 3, i), b: range(n * 3) })),
    );
    results.forEach(({ sum }, i) => {
      const n = sizes[i] as number;
      expect(sum).toEqual({ shape: [n, 3], data: range(n * 3).map((x) => 2 * x + i) });
    });
  });

  test("a trap names the kernel and its layers, and the device goes on", async () => {
    const device = await open({ threads });
    const [bad, out, good] = await Promise.all([
      load(trapping(cost), { device }),
      load(outside(cost), { device }),
      load(wasmAddition(cost), { device }),
    ]);
    const inputs = { a: range(300), b: range(300) };
    expect(await failure(bad.run(inputs))).toMatchObject({
      code: "gpu",
      message: "addition, batch of 100: kernel add (layer0): unreachable",
    });
    expect(await failure(out.run({ x: range(3) }))).toMatchObject({
      code: "gpu",
      message: "total, batch of 3: kernel add_up (layer0): memory access out of bounds",
    });
    expect((await good.run(inputs))["sum"]?.data).toEqual(range(300).map((x) => 2 * x));
  });

  test("destroyed, what runs and what comes later is rejected", async () => {
    const device = await wasmDevice({ threads });
    const session = await load(wasmAddition(cost), { device });
    const running = session.run({ a: range(300), b: range(300) });
    const ended = failure(running).catch(() => undefined); // unless it was over already
    device.destroy();
    await ended;
    expect(await failure(session.run({ a: range(3), b: range(3) }))).toMatchObject({
      code: "device-lost",
      message: "the GPU device was lost (destroyed); reload() takes a new one",
    });
    await session.reload(await open({ threads }));
    expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
  });

  test("memory grows where it has to, and what is made in the place of something else is zero", async () => {
    const device = await open({ threads });
    const session = await load(wasmAddition(cost), { device });
    await session.run({ a: range(300_000), b: range(300_000) });
    session.destroy();
    // Nothing writes "b": of a fresh buffer, zeros are read.
    const unwritten: Program = { ...wasmAddition(cost), inputs: addition.inputs.slice(0, 1) };
    const other = await load(unwritten, { device });
    expect((await other.run({ a: range(3000) }))["sum"]?.data).toEqual(range(3000));
  });

  test("says what has no room", async () => {
    const device = await open({ threads });
    const session = await load(wasmAddition(cost), { device });
    device.pushErrorScope("out-of-memory");
    for (let i = 0; i < 5; i++) device.createBuffer({ label: "much", size: 2 ** 30, usage: 128 });
    expect((await device.popErrorScope())?.message).toMatch(
      /^"much" needs 1073741824 bytes, which the memory of \d+ bytes cannot grow by$/,
    );
    expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
  });
});

test("the number of workgroups that each worker has does not change results", async () => {
  const sums: Float32Array[] = [];
  for (const threads of [1, 2, 5]) {
    const session = await load(wasmChain(LARGE), { device: await open({ threads }), weights: w });
    sums.push((await session.run({ x: range(12_345) }))["scaled"]?.data as Float32Array);
  }
  expect(sums[1]).toEqual(sums[0]);
  expect(sums[2]).toEqual(sums[0]);
});

test("buffers keep off the ends of the memory by the slack, which kernels may read", async () => {
  const slack = 100_000;
  // Bytes before the first buffer, and behind the last one, are read and dropped by a factor of 0.
  const reach = (base: number, by: number): readonly number[] => [
    ...[0x20, base, 0x41, ...signed(by), 0x6a, 0x2a, 2, 0, 0x43, 0, 0, 0, 0, 0x94],
  ];
  const program = withModule(
    addition,
    [{ ...ADD, value: (i) => [...ADD.value(i), ...reach(3, -slack), 0x92, ...reach(5, slack - 4), 0x92] }],
    100,
    slack,
  );
  const session = await load(program, { device: await open({ threads: 1 }) });
  expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
});

const signed = (n: number): number[] => {
  const bytes: number[] = [];
  for (let rest = n; ; rest >>= 7) {
    const byte = rest & 127;
    const last = rest >> 7 === (byte & 64 ? -1 : 0);
    bytes.push(last ? byte : byte | 128);
    if (last) return bytes;
  }
};

describe("which device", () => {
  const both: Program = { ...addition, wasm: wasmAddition() };
  const inputs = { a: range(3), b: range(3) };
  const result = async (session: Session): Promise<unknown> => (await session.run(inputs))["sum"]?.data;

  test.each([
    ["its other form", both, "wasm"],
    ["its other form, where there is no GPU", both, "auto"],
    ["its other form, where nothing is said and there is no GPU", both, undefined],
    ["a program that has no other", wasmAddition(), undefined],
    ["a program that has no other, also asked for", wasmAddition(), "auto"],
  ] as const)("WebAssembly: %s", async (_, program, device) => {
    const session = await load(program, device && { device });
    expect(session.runsOn).toMatchObject({ kind: "wasm" });
    expect(session.runsOn?.text).toBe(`WebAssembly, ${session.runsOn?.threads} threads`);
    expect(await result(session)).toEqual(Float32Array.of(0, 2, 4));
    expect(await checkFinite(program, inputs, { ...(device && { device }) })).toBeUndefined();
    session.destroy();
  });

  test("none: what a program is not for is said", async () => {
    expect(await failure(load(both, { device: "webgpu" }))).toMatchObject({ code: "no-device" });
    expect(await failure(load(chain, { device: "wasm" }))).toMatchObject({
      code: "program",
      message: 'chain is not for wasm; try: compile(graph, { target: "wasm" })',
    });
    const gpu = { createBuffer: () => {}, lost: new Promise(() => {}) } as unknown as GPUDevice;
    expect(await failure(load(wasmAddition(), { device: gpu }))).toMatchObject({
      code: "program",
      message: 'addition is not for webgpu; try: device: "wasm"',
    });
  });

  test("of a page: its GPU, unless that computes on the CPU", async () => {
    const asked: string[] = [];
    const adapter = (isFallbackAdapter: boolean) => ({
      info: { isFallbackAdapter },
      limits: {},
      features: new Set(),
      requestDevice: async () => {
        asked.push(isFallbackAdapter ? "software" : "GPU");
        throw new Error("enough");
      },
    });
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    try {
      for (const fallback of [true, false])
        for (const device of ["auto", "webgpu", "wasm", undefined] as const) {
          const gpu = { requestAdapter: async () => adapter(fallback) };
          Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
          const session = await load(both, device && { device }).catch(() => undefined);
          if (session) asked.push("wasm");
          session?.destroy();
        }
    } finally {
      if (before) Object.defineProperty(globalThis, "navigator", before);
      else Reflect.deleteProperty(globalThis, "navigator");
    }
    const software = ["wasm", "software", "software", "wasm", "software", "software"];
    expect(asked).toEqual([...software, "GPU", "GPU", "GPU", "GPU", "wasm", "GPU", "GPU"]);
  });
});

describe("options", () => {
  test("are looked at", async () => {
    expect(await failure(wasmDevice({ threads: 0 }))).toMatchObject({
      message: 'wasmDevice: threads has to be "auto" or a whole number from 1 to 64, got 0',
    });
  });

  test("a module that somebody else has compiled", async () => {
    const program = wasmAddition();
    const asked: string[] = [];
    const modules = (code: string): WebAssembly.Module => {
      asked.push(code);
      return new WebAssembly.Module(moduleOf([ADD]) as Uint8Array<ArrayBuffer>);
    };
    const device = await open({ modules });
    const session = await load(program, { device });
    await load(program, { device });
    expect(session.runsOn).toEqual({ kind: "wasm", threads: 1, text: "WebAssembly, 1 thread" });
    expect((await session.run({ a: range(3), b: range(3) }))["sum"]?.data).toEqual(Float32Array.of(0, 2, 4));
    expect(asked).toEqual([program.module?.code]);
  });

  test("a module that is none", async () => {
    const program = withModule(addition, [{ ...ADD, count: get(99) }]);
    const error = await failure(load(program, { device: await open({ threads: 1 }) }));
    expect(error.code).toBe("gpu");
    expect(error.message).toMatch(/^kernel "add" \(add_layer\): WebAssembly\.compile\(\)/);
  });
});

test("a process that has used workers ends by itself", () => {
  const file = fileURLToPath(new URL("wasmProcess.ts", import.meta.url));
  const script = fileURLToPath(new URL("../../scripts/run.mjs", import.meta.url));
  expect(execFileSync(process.execPath, [script, file], { encoding: "utf8" })).toBe("2,4,6\n");
});
