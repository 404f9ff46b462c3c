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
  /** Columns of the terminal, or those that COLUMNS says; 80 where neither is known. */
  readonly width: number;
  /** Whether `width` is known, so that what is longer may be cut. In a pipe nothing is, unless COLUMNS is set. */
  readonly cuts: boolean;
  /** Prints a result: a line or several. */
  out(text: string): void;
  /** Prints a remark unless `--quiet`. */
  note(text: string): void;
  /** Prints a remark under `--verbose` only. */
  detail(text: string): void;
}

/** What a terminal would obey, or what turns the direction of reading around. Line breaks and tabs are neither. */
const HARMFUL = /[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text with names from anywhere: what is harmful in it is shown as `�`. */
export function harmless(text: string): string {
  return text.replace(HARMFUL, "�");
}

/** The same, but for the escape sequences that choose colours. */
function coloured(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const parts = text.split(/(\u001b\[[\d;]*m)/);
  return parts.map((part, i) => (i % 2 ? part : harmless(part))).join("");
}

/** JSON in which what would be harmful is escaped: the value stays the same. */
export function harmlessJson(json: string): string {
  return json.replace(HARMFUL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
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

/** The width that text must not exceed; undefined in a pipe, where COLUMNS may set one. */
export function columnsOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): number | undefined {
  if (stream.isTTY === true && stream.columns) return stream.columns;
  const set = Number(env["COLUMNS"]);
  return Number.isSafeInteger(set) && set > 0 ? set : undefined;
}

export function createUi(options: UiOptions): Ui {
  const note = pc.createColors(wantsColor(process.stderr, process.env));
  const color = wantsColor(process.stdout, process.env);
  const remark = (text: string): void => {
    process.stderr.write(`${note.dim(harmless(text))}\n`);
  };
  const columns = columnsOf(process.stdout, process.env);
  return {
    colors: pc.createColors(color),
    width: Math.max(40, columns ?? 80),
    cuts: columns !== undefined,
    out: (text) => {
      process.stdout.write(`${color ? coloured(text) : harmless(text)}\n`);
    },
    note: (text) => {
      if (!options.quiet) remark(text);
    },
    detail: (text) => {
      if (options.verbose) remark(text);
    },
  };
}

/** JSON with two spaces of indentation; arrays of numbers and short words stay on one line. */
export function printJson(ui: Ui, value: unknown): void {
  const item = /(?:-?\d[\d.e+-]*|null|true|false|"[^"\n]{0,40}")/.source;
  // Inside a JSON string there is no line break, so no text is ever taken for an array.
  const list = new RegExp(`\\[\\n\\s*${item}(?:,\\n\\s*${item})*\\n\\s*\\]`, "g");
  const flat = (text: string): string => `[${text.slice(1, -1).trim().replace(/\n\s*/g, " ")}]`;
  ui.out(harmlessJson(JSON.stringify(value, null, 2)).replace(list, flat));
}
