/** The curves and the progress bar while a model learns: redrawn in place on a terminal, a line per epoch elsewhere. */
import pc from "picocolors";
import { type Bar, duration, startBar } from "../progress.ts";
import { type Ui, wantsColor } from "../ui.ts";
import { curveLines, type EpochPoint } from "./curve.ts";

export interface LiveOptions {
  readonly epochs: number;
  /** Examples in an epoch. */
  readonly rows: number;
  readonly format: string;
  readonly quiet: boolean;
  readonly ui: Ui;
}

/**
 * `loss 0.463, train acc 0.826, test acc 0.797`, as the lecture prints it; where nothing is right or wrong the loss of the test
 * set, and where there are several losses each of them: `loss 0.463 (scores 0.4, place 0.063), …`.
 */
export function lectureLine({ loss, trainAccuracy, testAccuracy, testLoss, losses }: EpochPoint): string {
  const each = losses?.map((l) => `${l.name} ${l.loss.toFixed(3)}`).join(", ");
  const all = `loss ${loss.toFixed(3)}${each ? ` (${each})` : ""}`;
  if (Number.isNaN(trainAccuracy))
    return testLoss === undefined ? all : `${all}, test loss ${testLoss.toFixed(3)}`;
  return `${all}, train acc ${trainAccuracy.toFixed(3)}, test acc ${testAccuracy.toFixed(3)}`;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #redraw: boolean;
  #bar: Bar | undefined;
  #drawn = 0;
  #rate = 0;
  /** Takes away what is shown until the first step. */
  #begun: (() => void) | undefined;
  /** The first report of the present epoch: rates are measured from there. */
  #first: { readonly epoch: number; readonly examples: number; readonly time: number } | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const terminal = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
    // A result on the same terminal would come between the plot's lines, so there the plot takes its place.
    this.#redraw = terminal && !options.quiet && options.format === "text" && process.stdout.isTTY === true;
  }

  /** Something is shown that `begun` takes away: at the next step, or when this stops. */
  before(begun: () => void): void {
    this.#begun = begun;
  }

  /** `examples` of this epoch (from 1 on) are done. */
  step(epoch: number, examples: number): void {
    const { epochs, rows, quiet } = this.#options;
    this.#begun?.();
    const time = performance.now();
    if (this.#first?.epoch !== epoch) this.#first = { epoch, examples, time };
    else if (time - this.#first.time > 500)
      this.#rate = (1000 * (examples - this.#first.examples)) / (time - this.#first.time);
    const value = (epoch - 1) * rows + examples;
    const about = {
      epoch: `${epoch}`,
      rate: this.#rate > 0 ? Math.round(this.#rate).toLocaleString("en") : "…",
      left: this.#rate > 0 ? duration((epochs * rows - value) / this.#rate) : "…",
    };
    const text = `epoch {epoch}/${epochs} · {percentage}% · {rate} examples/s · {left} left`;
    this.#bar ??= startBar({ total: epochs * rows, text, quiet, value, about });
    this.#bar.update(value, about);
  }

  /** An epoch has ended. `points` are all so far; `examplesPerSecond` is the last one's. */
  epoch(points: readonly EpochPoint[], examplesPerSecond: number): void {
    const { epochs, format, ui } = this.#options;
    const last = points.at(-1);
    if (!last) return;
    if (format === "json") {
      this.stop();
      ui.out(JSON.stringify({ ...last, examplesPerSecond: Number(examplesPerSecond.toFixed(1)) }));
    } else if (this.#redraw) this.#draw(points);
    else {
      this.stop();
      const rate = `${examplesPerSecond.toFixed(1)} examples/sec`;
      ui.out(
        `epoch ${`${last.epoch}`.padStart(`${epochs}`.length)}/${epochs}  ${lectureLine(last)}  ${rate}`,
      );
    }
  }

  #draw(points: readonly EpochPoint[]): void {
    this.stop();
    const { columns = 80, rows = 24 } = process.stderr;
    const lines = curveLines(points, {
      epochs: this.#options.epochs,
      width: Math.min(columns - 1, 84),
      height: Math.max(4, Math.min(14, rows - 6)),
      colors: pc.createColors(wantsColor(process.stderr, process.env)),
    });
    // Up over the earlier plot and away with it.
    if (this.#drawn > 0) process.stderr.write(`\u001b[${this.#drawn}A\u001b[J`);
    process.stderr.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** Removes the bar, or what is shown before it; the plot stays. */
  stop(): void {
    this.#begun?.();
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
