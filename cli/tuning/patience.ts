/** Work that cannot be called off, and those who no longer wait for it. */
import { UserError } from "../../compiler/errors.ts";

/** The result of `work`, or undefined as soon as the signal is aborted. */
export function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  return Promise.race([work, stopped]);
}

/**
 * The result of building and trying a schedule. Throws `UserError` where that takes longer than so many milliseconds:
 * some drivers need minutes for a kernel that others build at once, and no call of WebGPU ends it.
 */
export async function inTime<T>(work: Promise<T>, milliseconds: number, layers: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new UserError({
          problem: `a schedule for ${layers} has not been built after ${Math.round(milliseconds / 1000)} s`,
          rule: "the driver cannot be told to stop, and what it does would be measured too",
          fix: "a smaller --budget, which tries fewer schedules; what was measured is not lost",
        }),
      );
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
