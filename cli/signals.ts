/** Ctrl-C and the request to end. */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./failure.ts";

/** Milliseconds: npx passes on the Ctrl-C that the terminal has sent to the command as well. */
const ECHO = 500;

export type Interrupt = "SIGINT" | "SIGTERM";

/**
 * Calls `first` at the first signal, so that what is under way can be finished; a second one ends the process at once,
 * with the code of its signal. Returns what takes the handlers off again.
 */
export function onInterrupt(first: (signal: Interrupt) => void): () => void {
  let since: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (since === undefined) {
      since = now;
      first(signal === "SIGINT" ? "SIGINT" : "SIGTERM");
    } else if (now - since >= ECHO) {
      process.exit(signal === "SIGINT" ? EXIT_INTERRUPTED : EXIT_TERMINATED);
    }
  };
  process.on("SIGINT", handle).on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle).off("SIGTERM", handle);
  };
}
