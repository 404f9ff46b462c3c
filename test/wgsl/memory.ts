/** Storage and workgroup memory that knows who has read and written it. */

/** Which thread runs, and how many barriers of its workgroup lie behind it. */
export interface Clock {
  thread: number;
  phase: number;
}

export type Words = Float32Array | Uint16Array | Uint32Array | Int32Array;

/** A phase holds this many threads. */
const THREADS = 2 ** 32;
/** Instead of a thread: several. */
const SEVERAL = THREADS - 1;

/**
 * Memory that one dispatch, or one workgroup, writes. WGSL gives no order to what threads do between barriers, so an
 * element that one of them writes and another reads or writes in the meantime has no value: that is an error here.
 */
export class Memory {
  readonly name: string;
  readonly data: Words;
  readonly #clock: Clock;
  /** Threads of different phases do not meet. Storage has no barrier: one phase. */
  readonly #phased: boolean;
  /** phase · THREADS + thread + 1; 0 for nobody. */
  readonly #written: Float64Array;
  readonly #read: Float64Array;

  constructor(name: string, data: Words, clock: Clock, phased: boolean) {
    this.name = name;
    this.data = data;
    this.#clock = clock;
    this.#phased = phased;
    this.#written = new Float64Array(data.length);
    this.#read = new Float64Array(data.length);
  }

  /** Outside of the memory WGSL promises some value: here it is none. */
  read(i: number): number | undefined {
    const value = this.data[i];
    if (value === undefined) return undefined;
    const me = this.#me();
    const writer = this.#written[i] ?? 0;
    if (this.#meets(writer, me)) this.#race(i, "reads what another thread writes");
    const reader = this.#read[i] ?? 0;
    this.#read[i] = this.#meets(reader, me) ? me - (me % THREADS) + SEVERAL : me;
    return value;
  }

  write(i: number, value: number): void {
    if (i < 0 || i >= this.data.length)
      throw new Error(
        `${this.name}: thread ${this.#clock.thread} writes element ${i} of ${this.data.length}`,
      );
    const me = this.#me();
    if (this.#meets(this.#written[i] ?? 0, me)) this.#race(i, "writes what another thread writes");
    if (this.#meets(this.#read[i] ?? 0, me)) this.#race(i, "writes what another thread reads");
    this.#written[i] = me;
    this.data[i] = value;
  }

  #me(): number {
    return (this.#phased ? this.#clock.phase : 0) * THREADS + this.#clock.thread + 1;
  }
  /** Whether a stamp is another thread's of this phase. */
  #meets(stamp: number, me: number): boolean {
    return stamp !== 0 && stamp !== me && Math.floor(stamp / THREADS) === Math.floor(me / THREADS);
  }
  #race(i: number, what: string): never {
    throw new Error(`${this.name}: thread ${this.#clock.thread} ${what}, element ${i}`);
  }
}
