import { describe, expect, test } from "vitest";
import { pace } from "../../runtime/node/wait.ts";

/** Waits the way Dawn does: one chain of questions through the global `setImmediate` while anything is pending. */
class FakeBuffer {
  static questions = 0;
  static readonly #pending = new Set<{ readonly due: number; readonly resolve: () => void }>();
  static #queued = false;

  mapAsync(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      FakeBuffer.#pending.add({ due: performance.now() + milliseconds, resolve });
      FakeBuffer.#ask();
    });
  }

  static #ask(): void {
    if (FakeBuffer.#queued) return;
    FakeBuffer.#queued = true;
    globalThis.setImmediate(() => {
      FakeBuffer.#queued = false;
      FakeBuffer.questions++;
      for (const wait of FakeBuffer.#pending)
        if (performance.now() >= wait.due) {
          FakeBuffer.#pending.delete(wait);
          wait.resolve();
        }
      if (FakeBuffer.#pending.size > 0) FakeBuffer.#ask();
    });
  }
}

const original = globalThis.setImmediate;
pace({ GPUBuffer: FakeBuffer });
pace({ GPUBuffer: FakeBuffer });
const buffer = new FakeBuffer();

async function timed(milliseconds: number): Promise<{ took: number; questions: number }> {
  const [before, start] = [FakeBuffer.questions, performance.now()];
  await buffer.mapAsync(milliseconds);
  return { took: performance.now() - start, questions: FakeBuffer.questions - before };
}

describe("waiting for Dawn", () => {
  test("asks rarely when the answer takes long", async () => {
    const { took, questions } = await timed(150);
    // Naps of 0.1 ms for 6 ms, then a timer each millisecond or later; spinning asks many thousand times.
    expect(questions).toBeLessThan(400);
    expect(took).toBeGreaterThanOrEqual(150);
  });

  test("asks at once when the answer is near", async () => {
    const results = [];
    for (let i = 0; i < 50; i++) results.push((await timed(0.05)).took);
    expect(results.sort((a, b) => a - b)[10]).toBeLessThan(2);
  });

  test("a new promise does not inherit the patience of an old one", async () => {
    const long = buffer.mapAsync(300);
    await new Promise((later) => setTimeout(later, 250));
    const results = [];
    for (let i = 0; i < 5; i++) results.push((await timed(0.05)).took);
    expect(Math.min(...results)).toBeLessThan(2);
    await long;
  });

  test("leaves everyone else's setImmediate alone", async () => {
    const seen = new Set<unknown>();
    const wait = buffer.mapAsync(20);
    seen.add(globalThis.setImmediate);
    await new Promise((later) => setTimeout(later, 5));
    seen.add(globalThis.setImmediate);
    await wait;
    seen.add(globalThis.setImmediate);
    expect([...seen]).toEqual([original]);
  });
});
