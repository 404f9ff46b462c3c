import { expect, test } from "vitest";
import { WeftError } from "../../contract/errors.ts";
import { Gpu } from "../../runtime/gpu.ts";
import { failure } from "./failure.ts";

/** A device that says after some milliseconds that it is lost; undefined: never. */
const device = (after?: number): GPUDevice => {
  const lost = new Promise((resolve) => {
    if (after !== undefined) setTimeout(() => resolve({ reason: "destroyed", message: "" }), after);
  });
  return { lost } as unknown as GPUDevice; // as: waiting needs nothing else of a device
};
const unmapped = (): Promise<never> => Promise.reject(new Error("Buffer was unmapped"));

test("what a device rejects before it says that it is lost is a lost device, as in Chromium", async () => {
  const error = await failure(new Gpu(device(60), false).wait("m", unmapped()));
  expect(error.code).toBe("device-lost");
  expect(error.message).toBe("the GPU device was lost (destroyed); reload() takes a new one");
});

test("what a device rejects that stays is a failure of its own", async () => {
  const error = await failure(new Gpu(device(), false).wait("m, batch of 2", unmapped()));
  expect([error.code, error.message]).toEqual(["gpu", "m, batch of 2: Buffer was unmapped"]);
});

/** Where a promise never settles, a failure of these tests would be a wait. */
const timeout = 20_000;

test("what a device never answers ends when it is lost", { timeout }, async () => {
  const error = await failure(new Gpu(device(20), false).wait("m", new Promise(() => {})));
  expect(error.code).toBe("device-lost");
});

test("what was given up first stays the reason: a device that is destroyed is lost, too", {
  timeout,
}, async () => {
  const gpu = new Gpu(device(20), false);
  gpu.close(new WeftError("destroyed", "m: the session was destroyed"));
  await gpu.device.lost;
  const error = await failure(gpu.wait("m", new Promise(() => {})));
  expect([error.code, error.message]).toEqual(["destroyed", "m: the session was destroyed"]);
});
