/** Ctrl-C and the request to end. */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./failure.ts";

/** Milliseconds: npx passes on the Ctrl-C that the terminal has sent to the command as well. */
const ECHO = 500;

export type Interrupt = "SIGINT" | "SIGTERM";

/** The code of a process that such a signal has ended. */
export const exitOf = (signal: Interrupt): number =>
  signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED;

/**
 * Calls `first` at the first signal, so that what is under way can be finished; a second one ends the process at once,
 * with the code of its signal. Returns what takes the handlers off again.
 */
export function onInterrupt(first: (signal: Interrupt) => void): () => void {
  let since: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    const name = signal === "SIGINT" ? "SIGINT" : "SIGTERM";
    if (since === undefined) {
      since = now;
      first(name);
    } else if (now - since >= ECHO) process.exit(exitOf(name));
  };
  process.on("SIGINT", handle).on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle).off("SIGTERM", handle);
  };
}

/** Work that ends when it is told to by a signal, and not before: the signal's code. */
export async function untilInterrupted(work: (stop: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  let code = EXIT_INTERRUPTED;
  const off = onInterrupt((signal) => {
    code = exitOf(signal);
    stop.abort();
  });
  try {
    await work(stop.signal);
  } finally {
    off();
  }
  return code;
}
