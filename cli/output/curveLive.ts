/** The curves and the progress bar while a model learns: redrawn in place on a terminal, a line per epoch elsewhere. */
import pc from "picocolors";
import { type Bar, duration, startBar } from "../progress.ts";
import { type Ui, wantsColor } from "../ui.ts";
import { type EpochPoint, figureText } from "./curve.ts";
import { curveLines, LINES_AROUND } from "./curveLines.ts";

export interface LiveOptions {
  readonly epochs: number;
  /** Examples in an epoch. */
  readonly rows: number;
  readonly format: string;
  readonly quiet: boolean;
  readonly ui: Ui;
  /** The epochs before. */
  readonly history?: readonly EpochPoint[];
}

/** The figures of an epoch so far. */
export type SoFar = Pick<EpochPoint, "loss" | "trainAccuracy">;

/** How many times in an epoch its figures so far are kept for the curve. */
const SAMPLES = 10;
/** Milliseconds from one drawing within an epoch to the next. */
const PAUSE = 200;
/** Columns of what stands beside the bar. */
const TEXT = 70;

/**
 * `loss 0.463, train acc 0.826, test acc 0.797`, as the lecture prints it; where nothing is right or wrong the loss of the test
 * set, and where there are several losses each of them: `loss 0.463 (scores 0.4, place 0.063), …`.
 */
export function lectureLine({ loss, trainAccuracy, testAccuracy, testLoss, losses }: EpochPoint): string {
  const each = losses?.map((l) => `${l.name} ${figureText(l.loss)}`).join(", ");
  const all = `loss ${figureText(loss)}${each ? ` (${each})` : ""}`;
  if (Number.isNaN(trainAccuracy))
    return testLoss === undefined ? all : `${all}, test loss ${figureText(testLoss)}`;
  return `${all}, train acc ${trainAccuracy.toFixed(3)}, test acc ${testAccuracy.toFixed(3)}`;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #redraw: boolean;
  /** By the epochs done, in parts of one. */
  readonly #points = new Map<number, EpochPoint>();
  #shown = Number.NEGATIVE_INFINITY;
  #bar: Bar | undefined;
  #drawn = 0;
  #rate = 0;
  /** Takes away what is shown until the first step. */
  #begun: (() => void) | undefined;
  /** The first report of the present epoch: rates are measured from there. */
  #first: { readonly epoch: number; readonly examples: number; readonly time: number } | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    for (const point of options.history ?? []) this.#points.set(point.epoch, point);
    const terminal = process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
    // A result on the same terminal would come between the plot's lines, so there the plot takes its place.
    this.#redraw = terminal && !options.quiet && options.format === "text" && process.stdout.isTTY === true;
  }

  /** Something is shown that `begun` takes away: at the next step, or when this stops. */
  before(begun: () => void): void {
    this.#begun = begun;
  }

  /** What is known, within epochs too. */
  get curve(): readonly EpochPoint[] {
    return [...this.#points.values()].toSorted((a, b) => a.epoch - b.epoch);
  }

  /** `examples` of this epoch (from 1 on) are done. */
  step(epoch: number, examples: number, { loss, trainAccuracy }: SoFar): void {
    const { epochs, rows, quiet } = this.#options;
    this.#begun?.();
    const time = performance.now();
    const part = Math.floor((SAMPLES * examples) / rows) / SAMPLES;
    const place = epoch - 1 + part;
    if (part > 0 && part < 1 && !this.#points.has(place)) {
      this.#points.set(place, {
        epoch: epoch - 1 + examples / rows,
        loss,
        trainAccuracy,
        testAccuracy: Number.NaN,
      });
      if (time - this.#shown >= PAUSE) this.#draw();
    }
    if (this.#first?.epoch !== epoch) this.#first = { epoch, examples, time };
    else if (time - this.#first.time > 500)
      this.#rate = (1000 * (examples - this.#first.examples)) / (time - this.#first.time);
    const value = (epoch - 1) * rows + examples;
    const about = {
      epoch: `${epoch}`,
      loss: figureText(loss),
      rate: this.#rate > 0 ? Math.round(this.#rate).toLocaleString("en") : "…",
      left: this.#rate > 0 ? duration((epochs * rows - value) / this.#rate) : "…",
    };
    const text = `epoch {epoch}/${epochs} · loss {loss} · {percentage}% · {rate} examples/s · {left} left`;
    this.#bar ??= startBar({ total: epochs * rows, text, quiet, value, about, columns: TEXT });
    this.#bar.update(value, about);
  }

  /** An epoch has ended. `points` are all so far; `examplesPerSecond` is the last one's. */
  epoch(points: readonly EpochPoint[], examplesPerSecond: number): void {
    const { epochs, format, ui } = this.#options;
    const last = points.at(-1);
    if (!last) return;
    this.#points.set(last.epoch, last);
    if (format === "json") {
      this.stop();
      ui.out(JSON.stringify({ ...last, examplesPerSecond: Number(examplesPerSecond.toFixed(1)) }));
    } else if (this.#redraw) this.#draw();
    else {
      this.stop();
      const rate = `${examplesPerSecond.toFixed(1)} examples/sec`;
      ui.out(
        `epoch ${`${last.epoch}`.padStart(`${epochs}`.length)}/${epochs}  ${lectureLine(last)}  ${rate}`,
      );
    }
  }

  #draw(): void {
    if (!this.#redraw) return;
    this.stop();
    this.#shown = performance.now();
    const { columns = 80, rows = 24 } = process.stderr;
    const lines = curveLines(this.curve, {
      epochs: this.#options.epochs,
      width: Math.min(columns - 1, 84),
      height: Math.max(4, Math.min(14, rows - LINES_AROUND - 3)),
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
