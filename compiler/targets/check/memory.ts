/**
 * Memory that knows who has read and written it. WGSL gives no order to what threads do between barriers: where one of them
 * writes what another one reads or writes, there is a race, whatever the threads happen to find.
 */
import type { Memory, Scalar } from "../../ir/value.ts";
import { halfOf, numberOf } from "./half.ts";

/** A buffer that is bound, and which of its bytes hold something; without `written` all of them do. */
export interface BoundBuffer {
  readonly bytes: ArrayBuffer;
  /** Where the kernel's array begins, in bytes. Default 0. */
  readonly offset?: number;
  /** A flag for each word of 4 bytes of the buffer. */
  readonly written?: Uint8Array;
}

/** What went wrong with an access; undefined where nothing did. */
export type Trouble = "outside" | "race" | "unwritten";

type Words = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** No thread, and more than one. */
const [NOBODY, SEVERAL] = [0, -1];

export class CheckedMemory {
  readonly #words: Words;
  readonly #halves: boolean;
  readonly #width: number;
  readonly #written: Uint8Array | undefined;
  /** Words of `#written` for each word of the array: a half for f16. */
  readonly #wordBytes: number;
  readonly #first: number;
  /** Whether this kernel may write here: else nothing needs watching. */
  readonly #watched: boolean;
  /** Of each number: the thread that wrote it last, counted from 1, and those that read it since; and in which phase. */
  readonly #writer: Int32Array;
  readonly #reader: Int32Array;
  readonly #writtenIn: Int32Array;
  readonly #readIn: Int32Array;

  constructor(memory: Memory, buffer: BoundBuffer) {
    const { bytes, offset = 0, written } = buffer;
    const { scalar, width } = memory.type;
    this.#words = wordsOf(scalar, bytes, offset);
    this.#halves = scalar === "f16";
    this.#width = width;
    this.#written = written;
    this.#wordBytes = this.#words.BYTES_PER_ELEMENT;
    this.#first = offset;
    this.#watched = memory.writable;
    const size = this.#watched ? this.#words.length : 0;
    [this.#writer, this.#reader] = [new Int32Array(size), new Int32Array(size)];
    [this.#writtenIn, this.#readIn] = [new Int32Array(size), new Int32Array(size)];
  }

  /** A memory that a workgroup or a thread makes for itself. */
  static fresh(memory: Memory): CheckedMemory {
    const words = (memory.length ?? 0) * memory.type.width;
    return new CheckedMemory(memory, { bytes: new ArrayBuffer(4 * words), written: new Uint8Array(words) });
  }

  /** A component of an element. `thread` counts from 1. */
  read(at: number, lane: number): number {
    const word = this.#words[at * this.#width + lane] ?? 0;
    return this.#halves ? numberOf(word) : word;
  }

  write(at: number, lane: number, value: number): void {
    const i = at * this.#width + lane;
    this.#words[i] = this.#halves ? halfOf(value) : value;
    if (this.#written) this.#written[this.#flag(i)] = 1;
  }

  reads(at: number, lane: number, thread: number, phase: number): Trouble | undefined {
    const i = at * this.#width + lane;
    if (at < 0 || i >= this.#words.length) return "outside";
    if (this.#written && this.#written[this.#flag(i)] === 0) return "unwritten";
    if (!this.#watched) return undefined;
    const writer = this.#writer[i];
    const races = writer !== NOBODY && writer !== thread && this.#writtenIn[i] === phase;
    const before = this.#readIn[i] === phase ? this.#reader[i] : NOBODY;
    this.#reader[i] = before === NOBODY || before === thread ? thread : SEVERAL;
    this.#readIn[i] = phase;
    return races ? "race" : undefined;
  }

  writes(at: number, lane: number, thread: number, phase: number): Trouble | undefined {
    const i = at * this.#width + lane;
    if (at < 0 || i >= this.#words.length) return "outside";
    const [writer, reader] = [this.#writer[i], this.#reader[i]];
    const overwrites = writer !== NOBODY && writer !== thread && this.#writtenIn[i] === phase;
    const disturbs = reader !== NOBODY && reader !== thread && this.#readIn[i] === phase;
    this.#writer[i] = thread;
    this.#writtenIn[i] = phase;
    return overwrites || disturbs ? "race" : undefined;
  }

  #flag(i: number): number {
    return (this.#first + i * this.#wordBytes) >> 2;
  }
}

function wordsOf(scalar: Scalar, bytes: ArrayBuffer, offset: number): Words {
  switch (scalar) {
    case "f16":
      return new Uint16Array(bytes, offset);
    case "i32":
      return new Int32Array(bytes, offset);
    case "u32":
      return new Uint32Array(bytes, offset);
    default:
      return new Float32Array(bytes, offset);
  }
}
