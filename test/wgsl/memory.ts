/** Storage and workgroup memory that knows who has written it. */

/** Which thread runs, and how many barriers of its workgroup lie behind it. */
export interface Clock {
  thread: number;
  phase: number;
}

export type Words = Float32Array | Uint16Array | Uint32Array | Int32Array;

/** A phase holds this many threads. */
const THREADS = 2 ** 32;

/**
 * Memory that one dispatch, or one workgroup, writes. WGSL gives no order to what threads do between barriers: what
 * one of them reads while another writes it has no value, and here it is no number. (Threads that drop such a value are
 * none the worse.) Threads run one after the other, so a reader that comes before the writer is found when they run in
 * the opposite order.
 */
export class Memory {
  readonly name: string;
  readonly data: Words;
  readonly #clock: Clock;
  /** Threads of different phases do not meet. Storage has no barrier: one phase. */
  readonly #phased: boolean;
  /** Who wrote each element last: phase · THREADS + thread + 1; 0 for nobody. */
  readonly #written: Float64Array;

  constructor(name: string, data: Words, clock: Clock, phased: boolean) {
    this.name = name;
    this.data = data;
    this.#clock = clock;
    this.#phased = phased;
    this.#written = new Float64Array(data.length);
  }

  /** Outside of the memory WGSL promises some value: here it is none. */
  read(i: number): number | undefined {
    return this.#met(i) ? undefined : this.data[i];
  }

  write(i: number, value: number): void {
    const { thread, phase } = this.#clock;
    if (i < 0 || i >= this.data.length)
      throw new Error(`${this.name}: thread ${thread} writes element ${i} of ${this.data.length}`);
    if (this.#met(i)) throw new Error(`${this.name}: thread ${thread} and another one write element ${i}`);
    this.#written[i] = (this.#phased ? phase : 0) * THREADS + thread + 1;
    this.data[i] = value;
  }

  /** Whether another thread wrote it since the last barrier. */
  #met(i: number): boolean {
    const stamp = this.#written[i];
    if (stamp === undefined || stamp === 0) return false;
    const { thread, phase } = this.#clock;
    return stamp % THREADS !== thread + 1 && Math.floor(stamp / THREADS) === (this.#phased ? phase : 0);
  }
}
