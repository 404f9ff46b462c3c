import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { pace } from "../../runtime/node/wait.ts";

/**
 * A clock that only the code moves: a question takes 0.01 ms, a nap and a timer as long as they were asked to. So how
 * long a wait takes, and what it does meanwhile, is the same on every machine.
 */
const clock = { now: 0, naps: 0, timers: 0 };
const QUESTION = 0.01;
const nextTurn = globalThis.setImmediate;
const realTimer = globalThis.setTimeout;
vi.spyOn(performance, "now").mockImplementation(() => clock.now);
vi.spyOn(Atomics, "wait").mockImplementation(
  (_array: unknown, _at: unknown, _value: unknown, ms?: number) => {
    clock.naps++;
    clock.now += ms ?? 0;
    return "timed-out";
  },
);
const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((ask: () => void, delay = 0) => {
  clock.timers++;
  const due = clock.now + delay;
  return realTimer(() => {
    clock.now = Math.max(clock.now, due);
    ask();
  });
}) as typeof setTimeout); // its promisified form is not asked for
afterAll(() => {
  vi.restoreAllMocks();
});

/** Waits the way Dawn does: one chain of questions through the global `setImmediate` while anything is pending. */
class FakeBuffer {
  static questions = 0;
  static readonly #pending = new Set<{ readonly due: number; readonly resolve: () => void }>();
  static #queued = false;

  mapAsync(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      FakeBuffer.#pending.add({ due: clock.now + milliseconds, resolve });
      FakeBuffer.#ask();
    });
  }

  static #ask(): void {
    if (FakeBuffer.#queued) return;
    FakeBuffer.#queued = true;
    globalThis.setImmediate(() => {
      FakeBuffer.#queued = false;
      FakeBuffer.questions++;
      clock.now += QUESTION;
      for (const wait of FakeBuffer.#pending)
        if (clock.now >= wait.due) {
          FakeBuffer.#pending.delete(wait);
          wait.resolve();
        }
      if (FakeBuffer.#pending.size > 0) FakeBuffer.#ask();
    });
  }
}

pace({ GPUBuffer: FakeBuffer });
pace({ GPUBuffer: FakeBuffer });
const buffer = new FakeBuffer();

interface Waited {
  readonly took: number;
  readonly questions: number;
  readonly naps: number;
  readonly timers: number;
}

async function timed(milliseconds: number): Promise<Waited> {
  const before = { ...clock, questions: FakeBuffer.questions };
  await buffer.mapAsync(milliseconds);
  return {
    took: clock.now - before.now,
    questions: FakeBuffer.questions - before.questions,
    naps: clock.naps - before.naps,
    timers: clock.timers - before.timers,
  };
}

describe("waiting for Dawn", () => {
  beforeEach(() => {
    timer.mockClear();
  });

  test("asks rarely when the answer takes long", async () => {
    const { took, questions, naps, timers } = await timed(150);
    // 40 questions at once, 50 naps of 0.1 ms up to 6 ms, then timers; spinning would ask 15,000 times.
    expect(naps).toBeGreaterThan(40);
    expect(timers).toBeGreaterThan(20);
    expect(questions).toBeLessThan(200);
    expect(took).toBeGreaterThanOrEqual(150);
    expect(took).toBeLessThan(150 + 150 / 32 + 1);
    for (const [, delay] of timer.mock.calls) expect(delay).toBeGreaterThanOrEqual(1);
  });

  test("is late by no more than 8 ms however long the answer takes", async () => {
    expect((await timed(5000)).took).toBeLessThan(5000 + 8 + 1);
    expect(Math.max(...timer.mock.calls.map(([, delay]) => delay ?? 0))).toBe(8);
  });

  test("asks at once when the answer is near", async () => {
    const { took, questions, naps, timers } = await timed(0.05);
    expect([questions, naps, timers]).toEqual([5, 0, 0]);
    expect(took).toBeCloseTo(0.05);
  });

  test("a new promise does not inherit the patience of an old one", async () => {
    const [long, start] = [buffer.mapAsync(300), clock.now];
    while (clock.now < start + 250) await new Promise((later) => nextTurn(later));
    const { took, naps, timers } = await timed(0.05);
    expect([naps, timers]).toEqual([0, 0]);
    expect(took).toBeLessThan(0.1);
    await long;
  });

  test("leaves everyone else's setImmediate alone", async () => {
    const seen = new Set<unknown>([globalThis.setImmediate]);
    let over = false;
    const wait = buffer.mapAsync(20).then(() => {
      over = true;
    });
    while (!over) {
      seen.add(globalThis.setImmediate);
      await new Promise((later) => nextTurn(later));
    }
    await wait;
    expect([...seen]).toEqual([nextTurn]);
  });
});
