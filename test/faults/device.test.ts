/** A device that goes away, or has no memory left, at every moment that there is. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { load } from "../../runtime/index.ts";
import { createTrainer, writeSafetensors } from "../../runtime/train.ts";
import { usualDevice } from "../adapter.ts";
import { addition, chain, counter } from "../runtime/programs.ts";
import { linearTraining, quarters } from "../train/runtime.ts";
import { ending, failure, watched, withoutMemory } from "./faulty.ts";

const weights = { "layer.w": { shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) } };
const x = Float32Array.of(0, 1, 2, 3, 4);
const right = Float32Array.of(0, 8, 36, 96, 200);

/** Every so many calls one is followed by a loss of the device; WEFT_FAULTS=all takes every call in turn. */
const every = (calls: number): number => (process.env["WEFT_FAULTS"] === "all" ? 1 : calls);

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

/** Loads, runs twice at once and once more. */
async function work(on: GPUDevice): Promise<Float32Array> {
  const session = await load(chain, { device: on, weights });
  await Promise.all([session.run({ x }), session.run({ x })]);
  const { scaled } = await session.run({ x });
  return scaled?.data as Float32Array; // f32 in the program
}

describe("a device destroyed", () => {
  test("before any of the calls of loading and running: device-lost, or the right result", async () => {
    const sane = watched(device);
    expect(await work(sane.device)).toEqual(right);
    const codes = new Set<string>();
    for (let call = 0; call < sane.calls.length; call += every(5)) {
      const { device: doomed } = await usualDevice();
      const { device: faulty } = watched(doomed, (i) => i === call && doomed.destroy());
      const end = await ending(work(faulty));
      if ("value" in end) expect(end.value).toEqual(right);
      else codes.add(end.code);
    }
    expect([...codes]).toEqual(["device-lost"]);
  });

  test("at any moment of a training: it goes on on another one to the same bits", async () => {
    const training = linearTraining();
    const data = quarters(20);
    const options = { epochs: 2, batch: 8, stepsPerSubmit: 1 };
    const finish = async (trainer: Awaited<ReturnType<typeof createTrainer>>): Promise<Uint8Array> => {
      for await (const epoch of trainer.fit(data, options)) expect(epoch.loss).toBeGreaterThan(0);
      const { loss } = await trainer.evaluate(data);
      expect(loss).toBeGreaterThan(0);
      return writeSafetensors(trainer.weights());
    };
    const sane = watched(device);
    const whole = await finish(await createTrainer(training, { device: sane.device }));
    let lost = 0;
    for (let call = 0; call < sane.calls.length; call += every(23)) {
      const { device: doomed } = await usualDevice();
      const { device: faulty } = watched(doomed, (i) => i === call && doomed.destroy());
      const made = await ending(createTrainer(training, { device: faulty }));
      if (!("value" in made)) {
        expect(made.code).toBe("device-lost");
        continue;
      }
      const trainer = made.value;
      const end = await ending(finish(trainer));
      if ("code" in end) {
        expect(end.code).toBe("device-lost");
        lost++;
        await trainer.reload(device);
        expect(await finish(trainer)).toEqual(whole);
      } else expect(end.value).toEqual(whole);
      trainer.destroy();
    }
    expect(lost).toBeGreaterThan(3);
  });

  test("a session used after it was lost and after it was destroyed, in either order", async () => {
    const { device: doomed } = await usualDevice();
    const session = await load(chain, { device: doomed, weights });
    doomed.destroy();
    await doomed.lost;
    expect((await failure(session.run({ x }))).code).toBe("device-lost");
    session.destroy();
    expect((await failure(session.run({ x }))).code).toBe("destroyed");
    await session.reload(device);
    expect((await session.run({ x }))["scaled"]?.data).toEqual(right);
    session.destroy();
    session.destroy();
    expect((await failure(session.run({ x }))).code).toBe("destroyed");
  });
});

/** A device whose memory is used up at the n-th buffer, and free again for the next. */
function full(of: GPUDevice, at: number): GPUDevice {
  let made = 0;
  return withoutMemory(of, () => made++ === at);
}

describe("out of memory", () => {
  test("at any buffer of loading and running: says so, and a new try works", async () => {
    const ends: string[] = [];
    for (let buffer = 0; ; buffer++) {
      const faulty = full(device, buffer);
      const end = await ending(work(faulty));
      if ("value" in end) {
        expect(end.value).toEqual(right);
        break;
      }
      ends.push(end.code);
      expect(await work(faulty)).toEqual(right);
    }
    expect(new Set(ends)).toEqual(new Set(["out-of-memory"]));
    expect(ends.length).toBeGreaterThan(5);
  });

  test("a run that fails leaves the session as it was", async () => {
    // 3 buffers of loading; the next is of the run.
    const session = await load(chain, { device: full(device, 3), weights });
    expect((await failure(session.run({ x }))).message).toBe("chain, batch of 1: no memory left");
    expect((await session.run({ x }))["scaled"]?.data).toEqual(right);
  });

  test("a plan with a buffer that no device holds", async () => {
    const error = await failure(load(counter(2 ** 40), { device }));
    expect(error.code).toBe("out-of-memory");
    expect(error.message).toMatch(
      /^counter: "y" needs 4398046511104 bytes, a buffer of this device holds \d+$/,
    );
  });

  test("a parameter that no memory holds", async () => {
    const [param] = chain.params;
    if (!param) expect.fail();
    const { device: on } = watched(device);
    const error = await failure(load({ ...chain, params: [{ ...param, shape: [2 ** 50] }] }, { device: on }));
    expect(error).toMatchObject({
      code: "out-of-memory",
      message: 'parameter "layer.w" [1125899906842624] is too large',
    });
  });

  test("a batch that no device holds leaves the session as it was", async () => {
    const { device: small } = await usualDevice();
    const limits = { maxBufferSize: 64, maxStorageBufferBindingSize: 64 };
    Object.defineProperty(small, "limits", { value: limits });
    const session = await load(addition, { device: small });
    const many = new Float32Array(300);
    expect((await failure(session.run({ a: many, b: many }))).code).toBe("input");
    expect((await session.run({ a: x.subarray(0, 3), b: x.subarray(0, 3) }))["sum"]?.data[2]).toBe(4);
    small.destroy();
  });
});
