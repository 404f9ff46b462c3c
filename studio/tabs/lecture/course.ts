/** A training that is walked through: a step at a time, or by itself to the next goal. */
import type { Learner, Point } from "./learner.ts";

const PAUSE_MS = 350;
/** As many as in the lecture; asked for again, as many more. */
const STEPS = 10;

export interface Listener {
  /** Something is to be drawn anew. */
  changed(): void;
  /** It rests at a step. */
  rested(): void;
  failed(error: unknown): void;
}

export class Course {
  points: readonly Point[] = [];
  /** The step at which it pauses by itself. */
  goal = STEPS;
  running = false;
  readonly listener: Listener;
  readonly #pupil: Learner;
  readonly #rate: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pupil: Learner, rate: () => number, listener: Listener) {
    this.#pupil = pupil;
    this.#rate = rate;
    this.listener = listener;
  }

  /** From the lecture's start, or from that of a seed. Whether it has begun: another beginning may have overtaken it. */
  async begin(seed: number | undefined): Promise<boolean> {
    this.#halt();
    this.goal = STEPS;
    try {
      const first = await this.#pupil.begin(seed);
      if (!first) return false;
      this.points = [first];
      this.listener.changed();
      this.listener.rested();
    } catch (error) {
      this.points = [];
      this.#fail(error);
    }
    return true;
  }

  start(): void {
    this.running = true;
    this.listener.changed();
    this.#beat();
  }

  pause(): void {
    this.#halt();
    this.listener.changed();
    this.listener.rested();
  }

  once(): void {
    this.#advance().then(
      () => {
        if (this.#isThere()) this.goal += STEPS;
        this.listener.changed();
        this.listener.rested();
      },
      (error) => this.#fail(error),
    );
  }

  end(): void {
    this.#halt();
    this.#pupil.end();
  }

  #halt(): void {
    this.running = false;
    clearTimeout(this.#timer);
  }

  #beat(): void {
    if (!this.running) return;
    this.#advance().then(
      () => {
        if (!this.running) return;
        if (this.#isThere()) {
          this.goal += STEPS;
          this.pause();
        } else this.#timer = setTimeout(() => this.#beat(), PAUSE_MS);
      },
      (error) => this.#fail(error),
    );
  }

  async #advance(): Promise<void> {
    const next = await this.#pupil.step(this.#rate());
    if (next) this.points = [...this.points, next];
    this.listener.changed();
  }

  #isThere(): boolean {
    return (this.points.at(-1)?.step ?? 0) >= this.goal;
  }

  #fail(error: unknown): void {
    this.running = false;
    this.listener.failed(error);
    this.listener.changed();
  }
}
