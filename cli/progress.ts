/** A progress bar on stderr; nothing at all where that is no terminal. */
import cliProgress from "cli-progress";
import { wantsColor } from "./ui.ts";

export interface Bar {
  /** `about` fills in the braces of the bar's text. */
  update(value: number, about?: Readonly<Record<string, string>>): void;
  /** Removes the bar. */
  stop(): void;
}

const NONE: Bar = { update: () => {}, stop: () => {} };

export interface BarOptions {
  readonly total: number;
  /** What follows the bar, such as `{percentage}% · {eta_formatted}`. */
  readonly text: string;
  readonly quiet: boolean;
  /** Where it begins; default 0. */
  readonly value?: number;
  readonly about?: Readonly<Record<string, string>>;
  /** The columns that the text takes; default 58. */
  readonly columns?: number;
}

export function startBar({ total, text, quiet, value = 0, about = {}, columns = 58 }: BarOptions): Bar {
  if (quiet || !process.stderr.isTTY) return NONE;
  const [on, off] = wantsColor(process.stderr, process.env) ? ["\u001b[36m", "\u001b[0m"] : ["", ""];
  const bar = makeBar(`${on}{bar}${off} ${text}`, columns);
  bar.start(total, value, about);
  return { update: (now, more) => bar.update(now, more ?? {}), stop: () => bar.stop() };
}

/** A line with the time so far, for what has no known end; undefined where stderr is no terminal. */
export function startWait(
  text: string,
): { readonly say: (text: string) => void; readonly stop: () => void } | undefined {
  if (!process.stderr.isTTY) return undefined;
  const bar = makeBar("{text} {duration_formatted}");
  bar.start(1, 0, { text });
  return { say: (now) => bar.update({ text: now }), stop: () => bar.stop() };
}

function makeBar(format: string, columns = 58): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format,
    barCompleteChar: "━",
    barIncompleteChar: "╌",
    barsize: Math.max(6, Math.min(24, (process.stderr.columns || 80) - 2 - columns)),
    stream: process.stderr,
    fps: 10,
    etaBuffer: 50,
    clearOnComplete: true,
    hideCursor: false, // nobody would bring it back after a signal
    linewrap: true, // nor would anybody turn wrapping on again
    gracefulExit: false, // signals are the command's own business
  });
}

/** `42 s`, `3 min 5 s`, `2 h 10 min` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (!Number.isFinite(whole)) return "?";
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
