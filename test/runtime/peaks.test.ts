/** What an adapter can do at most is measured quickly, however slow or odd its clock is. */
import { afterAll, expect, test, vi } from "vitest";
import { type Clock, measurePeaks } from "../../runtime/node/index.ts";
import { closeDevice, device } from "../oracle/weft.ts";

afterAll(closeDevice);

/** A clock that runs nothing: each piece of work takes what `time` says, and is counted. */
function scripted(time: (measured: number) => number): { readonly clock: Clock; count(): number } {
  let measured = 0;
  const measure: Clock["measure"] = async (work) => work.map(() => time(measured++));
  return { clock: { kind: "wall", measure }, count: () => measured };
}

test("kernels that take long are tried a few times", async () => {
  const second = scripted(() => 1e9);
  const { flops, bandwidth } = await measurePeaks(await device(), second.clock);
  expect(flops).toBeGreaterThan(0);
  expect(bandwidth).toBeGreaterThan(0);
  expect(second.count()).toBeLessThanOrEqual(4 * (2 + 5)); // three numbers of threads at most, and one copy
});

test("one reading of nothing asks for no more than a kernel four times as long", async () => {
  const truth = 6e6;
  const real = await device();
  const written = vi.spyOn(real.queue, "writeBuffer");
  await measurePeaks(real, scripted((measured) => (measured === 1 ? 0 : truth)).clock);
  const lengths = written.mock.calls.map(([, , data]) =>
    data instanceof ArrayBuffer ? new DataView(data).getUint32(0, true) : expect.fail("a block of numbers"),
  );
  written.mockRestore();
  const [first = 0] = lengths;
  expect(Math.max(...lengths)).toBe(4 * first);
});
