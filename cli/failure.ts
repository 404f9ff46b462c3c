/**
 * What the command does with an error. Exit codes, documented in `weft --help`:
 *   0  it worked
 *   1  something of the user's is wrong: the model, a flag, a file, or there is no adapter
 *  70  a bug in Weft (EX_SOFTWARE of sysexits.h); a stack trace is printed
 * 130  ended with Ctrl-C, as a shell reports it (128 + the signal's number); what was begun is saved
 * 143  ended by a request of the system (SIGTERM), in the same way
 */
import pc from "picocolors";
import { UserError } from "../compiler/errors.ts";
import { WeftError } from "../contract/errors.ts";
import { wrapped } from "./output/wrap.ts";
import { harmless, wantsColor } from "./ui.ts";

export const EXIT_USER = 1;
export const EXIT_BUG = 70;
export const EXIT_INTERRUPTED = 130;
export const EXIT_TERMINATED = 143;

/** A refused kernel or buffer is Weft's fault; whatever else the runtime throws is about weights, inputs, the device. */
export function isExpected(error: unknown): error is Error {
  return error instanceof UserError || (error instanceof WeftError && error.code !== "gpu");
}

/** Every line broken between words to fit a terminal; what follows stands under the words of a rule, or a little in. */
function fitted(text: string, columns: number): string {
  const lines = text.split("\n").map((line) => {
    const words = line.trimStart();
    const lead = line.slice(0, line.length - words.length);
    const hang = lead === "" ? "  " : " ".repeat("rule: ".length);
    const broken = wrapped(words, columns - lead.length, hang);
    return broken
      .split("\n")
      .map((each) => lead + each)
      .join("\n");
  });
  return lines.join("\n");
}

/** Prints the error to stderr and says which code to exit with. */
export function reportFailure(error: unknown): number {
  const colors = pc.createColors(wantsColor(process.stderr, process.env));
  if (isExpected(error)) {
    const { isTTY, columns } = process.stderr;
    const text = harmless(`error: ${error.message}`);
    const shown = isTTY === true && columns ? fitted(text, columns) : text;
    process.stderr.write(`${colors.red("error:")}${shown.slice("error:".length)}\n`);
    return EXIT_USER;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const known = error instanceof Error && error.name === "InternalError";
  const advice = "  This is a bug in Weft, not in your model. Please report it with the model file.";
  process.stderr.write(`${colors.red("internal error:")} ${harmless(text)}\n${known ? "" : `${advice}\n`}`);
  return EXIT_BUG;
}
