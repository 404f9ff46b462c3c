import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load, type Session } from "../../runtime/index.ts";
import { usualDevice } from "../adapter.ts";
import { failure } from "./failure.ts";
import { addition, chain, counter, range, total, w } from "./programs.ts";

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

/** Every GPU object that a device makes from now on, by the method that made it. */
function counting(of: GPUDevice): { device: GPUDevice; made: Record<string, number> } {
  const made: Record<string, number> = {};
  const counted = new Proxy(of, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const name = String(key);
        made[name] = (made[name] ?? 0) + 1;
        return value.apply(target, args);
      };
    },
  });
  return { device: counted, made };
}

describe("run", () => {
  test("adds two vectors for batches of 1, then 5, then 3", async () => {
    const session = await load(addition, { device });
    for (const n of [1, 5, 3]) {
      const { sum } = await session.run({ a: range(n * 3), b: range(n * 3, 10) });
      expect(sum?.shape).toEqual([n, 3]);
      expect(sum?.data).toEqual(range(n * 3, 0).map((x) => 2 * x + 10));
    }
  });

  test("runs prepared kernels once, chains kernels and returns several outputs", async () => {
    const session = await load(chain, { device, weights: w });
    for (const n of [2, 1]) {
      const { doubled, scaled } = await session.run({ x: { shape: [n, 5], data: range(n * 5) } });
      expect(doubled).toEqual({ shape: [n, 5], data: range(n * 5).map((x) => 2 * x) });
      expect(scaled).toEqual({ shape: [n, 5], data: range(n * 5).map((x, i) => 2 * x * ((i % 5) + 1) ** 2) });
    }
  });

  test("folds more than 65,535 workgroups into a second dimension", async () => {
    const count = 65_535 * 64 + 12_345;
    const session = await load(counter(count), { device });
    const { y } = await session.run({ x: Float32Array.of(1) });
    const wrong = y?.data.findIndex((v: number, i: number) => v !== i + 1);
    expect(wrong).toBe(-1);
  });

  test("the last workgroup may have threads to spare", async () => {
    const session = await load(counter(100), { device });
    const { y } = await session.run({ x: Float32Array.of(1) });
    expect(y?.data).toEqual(range(100, 1));
  });

  test("a small batch after a large one has its own size, not the last one's", async () => {
    const session = await load(total, { device });
    for (const [n, sum] of [
      [5, 15],
      [2, 3],
      [2, 3],
      [4, 10],
    ] as const)
      expect((await session.run({ x: range(n, 1) }))["total"]?.data).toEqual(Float32Array.of(sum));
  });

  test("results of overlapping calls do not mix, whatever their batches", async () => {
    const session = await load(addition, { device });
    const sizes = Array.from({ length: 40 }, (_, i) => 1 + ((i * 7) % 11));
    const results = await Promise.all(
      sizes.map((n, i) => session.run({ a: range(n * 3, i), b: range(n * 3) })),
    );
    results.forEach(({ sum }, i) => {
      const n = sizes[i] as number;
      expect(sum).toEqual({ shape: [n, 3], data: range(n * 3).map((x) => 2 * x + i) });
    });
  });

  test("makes its objects once: 1,000 runs create no buffer, group or pipeline", async () => {
    const { device: counted, made } = counting(device);
    const session = await load(chain, { device: counted, weights: w });
    await Promise.all([session.run({ x: range(20) }), session.run({ x: range(20) })]);
    const before = { ...made };
    for (let i = 0; i < 1000; i++) {
      const { scaled } = await session.run({ x: range(5 * (1 + (i % 4)), i) });
      expect(scaled?.data[1]).toBe(8 * (i + 1));
    }
    const per1000 = Object.fromEntries(Object.entries(made).map(([k, n]) => [k, n - (before[k] ?? 0)]));
    expect(per1000).toMatchObject({ createBuffer: 0, createBindGroup: 0, createShaderModule: 0 });
    expect(per1000["createCommandEncoder"]).toBe(1000);
  });

  test("grows for a larger batch and keeps what it has for a smaller one", async () => {
    const { device: counted, made } = counting(device);
    const session = await load(addition, { device: counted });
    const buffers: number[] = [];
    for (const n of [1, 1, 5, 5, 3, 3]) {
      const before = made["createBuffer"] ?? 0;
      await session.run({ a: range(n * 3), b: range(n * 3) });
      buffers.push((made["createBuffer"] ?? 0) - before);
    }
    // 3 buffers, a readback buffer, and the first time the uniform.
    expect(buffers).toEqual([5, 0, 4, 0, 0, 0]);
  });

  test("has two runs in flight, each with a buffer to read back; further ones wait", async () => {
    const { device: counted, made } = counting(device);
    const session = await load(addition, { device: counted });
    const sums = await Promise.all(
      [0, 1, 2, 3, 4].map((x) => session.run({ a: Float32Array.of(x, x, x), b: range(3) })),
    );
    expect(sums.map(({ sum }) => sum?.data[1])).toEqual([1, 2, 3, 4, 5]);
    expect(made["createBuffer"]).toBe(3 + 1 + 2);
  });

  test("submits once", async () => {
    const session = await load(chain, { device, weights: w });
    const submit = device.queue.submit;
    let submits = 0;
    const prototype = Object.getPrototypeOf(device.queue);
    prototype.submit = function (buffers: Iterable<GPUCommandBuffer>) {
      submits++;
      return submit.call(this, buffers);
    };
    try {
      await session.run({ x: range(5) });
    } finally {
      prototype.submit = submit;
    }
    expect(submits).toBe(1);
  });
});

describe("inputs that do not fit", () => {
  let session: Session;
  beforeAll(async () => {
    session = await load(addition, { device });
  });
  const message = async (inputs: unknown): Promise<string> => {
    const error = await failure(session.run(inputs as Record<string, Float32Array>));
    expect(error.code).toBe("input");
    return error.message;
  };

  test("missing", async () => {
    expect(await message({ a: range(3) })).toBe('addition: input "b" [N, 3] is missing');
    expect(await message({})).toBe('addition: input "a" [N, 3] is missing');
    expect(await message(undefined)).toBe('addition: input "a" [N, 3] is missing');
  });
  test("unknown", async () => {
    expect(await message({ a: range(3), b: range(3), c: range(3) })).toBe(
      'addition: input "c" is unknown; the inputs are a, b',
    );
  });
  test("names of Object.prototype are names like any other", async () => {
    const inputs = Object.fromEntries([["__proto__", range(3)]]);
    expect(await message(inputs)).toBe('addition: input "__proto__" is unknown; the inputs are a, b');
  });
  test("of a wrong length", async () => {
    expect(await message({ a: range(4), b: range(3) })).toBe(
      'addition: input "a" [N, 3] needs a length of 3 per example, got 4',
    );
  });
  test("an empty batch", async () => {
    const empty = 'addition: input "a" [N, 3] needs at least one example, got an empty batch';
    expect(await message({ a: range(0), b: range(0) })).toBe(empty);
    expect(await message({ a: { data: range(0), shape: [0, 3] }, b: range(3) })).toBe(empty);
  });
  test("of different batches", async () => {
    expect(await message({ a: range(6), b: range(9) })).toBe(
      'addition: input "b" is a batch of 3, but "a" of 2',
    );
  });
  test("of another type", async () => {
    const b = range(3);
    expect(await message({ a: new Float64Array(3), b })).toBe(
      'addition: input "a" has to be f32 [N, 3], got Float64Array',
    );
    expect(await message({ a: new Uint32Array(3), b })).toBe(
      'addition: input "a" has to be f32 [N, 3], got u32',
    );
    expect(await message({ a: [1, 2, 3], b })).toBe('addition: input "a" has to be f32 [N, 3], got Array');
    expect(await message({ a: null, b })).toBe('addition: input "a" has to be f32 [N, 3], got null');
  });
  test("of another shape", async () => {
    expect(await message({ a: { shape: [3, 2], data: range(6) }, b: range(6) })).toBe(
      'addition: input "a" has shape [3, 2] and length 6, the model wants [N, 3]',
    );
  });
  test("a batch that no buffer holds", async () => {
    const { device: small } = await usualDevice();
    Object.defineProperty(small, "limits", {
      value: { maxBufferSize: 1600, maxStorageBufferBindingSize: 1200 },
    });
    const limited = await load(addition, { device: small });
    const error = await failure(limited.run({ a: range(300), b: range(300) }));
    expect(error.message).toBe(
      'addition: a batch of 100 is too large, the most is 98: "a" needs 1216 bytes, a buffer of this device holds 1200',
    );
    const { sum } = await limited.run({ a: range(3 * 98), b: range(3 * 98) });
    expect(sum?.data).toEqual(range(3 * 98).map((x) => 2 * x));
    small.destroy();
  });
});
