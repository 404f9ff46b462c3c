/**
 * Where the command writes. Results go to stdout; notes (what was assumed, resized, chosen) go to stderr, so
 * that a result can be piped. Colour and control characters appear on a terminal only, colour also under FORCE_COLOR,
 * and none under NO_COLOR.
 */
import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

export interface UiOptions {
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface Ui {
  readonly colors: Colors;
  /** Columns of the terminal; 80 where the output is not a terminal. */
  readonly width: number;
  /** Prints a result: a line or several. */
  out(text: string): void;
  /** Prints a remark unless `--quiet`. */
  note(text: string): void;
  /** Prints a remark under `--verbose` only. */
  detail(text: string): void;
}

/**
 * NO_COLOR (https://no-color.org) with any value but the empty one turns colour off. Else FORCE_COLOR turns it on, or
 * off where it is 0 or false; else a terminal has it.
 */
export function wantsColor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

export function createUi(options: UiOptions): Ui {
  const note = pc.createColors(wantsColor(process.stderr, process.env));
  const remark = (text: string): void => {
    process.stderr.write(`${note.dim(text)}\n`);
  };
  return {
    colors: pc.createColors(wantsColor(process.stdout, process.env)),
    width: Math.max(40, (process.stdout.isTTY && process.stdout.columns) || 80),
    out: (text) => {
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      if (!options.quiet) remark(text);
    },
    detail: (text) => {
      if (options.verbose) remark(text);
    },
  };
}
