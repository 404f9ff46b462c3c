/**
 * The part of Python's pickle format that PyTorch's files of tensors are written in, as data: nothing of it is run. A name
 * of a class or function is looked up in a list, and whatever is not in it is refused by its name.
 *
 * Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py, protocols 2 to 5.
 */

/** Why a pickle is refused: in words, and the name that is not in the list where that is why. */
export class PickleError extends Error {
  override readonly name = "PickleError";
  readonly global: string | undefined;
  constructor(problem: string, global?: string) {
    super(problem);
    this.global = global;
  }
}

/** What a name stands for: called with what a pickle gives, or data, such as a type. */
export type Global = { readonly call: (...args: readonly unknown[]) => unknown } | { readonly is: unknown };

export interface Globals {
  /** Undefined of what is refused; `torch FloatStorage` has a space between module and name. */
  readonly find: (name: string) => Global | undefined;
  /** What a persistent id stands for. */
  readonly persistent: (id: unknown) => unknown;
}

/** Dictionaries are maps, lists arrays, tuples frozen arrays; None is null. */
export type Dictionary = Map<unknown, unknown>;

/** Opcodes that are read; a file of a thousand tensors has some ten thousand. */
const MOST = 2 ** 22;
/** Bytes of a whole number; PyTorch's are sizes and places. */
const LONGEST = 16;

/** Of a name that is refused, in a message. */
const LONGEST_NAME = 120;

const MARK = Symbol("mark");
const NULL = Symbol("nothing");

/** What the pickle says. Throws `PickleError`. */
export function unpickle(bytes: Uint8Array, globals: Globals): unknown {
  return new Machine(bytes, globals).run();
}

/** Python's stack machine. */
class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #globals: Globals;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;

  constructor(bytes: Uint8Array, globals: Globals) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#globals = globals;
  }

  run(): unknown {
    for (let count = 0; count < MOST; count++) {
      const op = this.#byte();
      if (op === 0x2e) return this.#pop(); // STOP
      this.#step(op);
    }
    throw new PickleError(`it has more than ${MOST} operations`);
  }

  /** By the operation's byte. */
  readonly #steps: ReadonlyMap<number, () => void> = new Map([
    [0x80, () => this.#protocol()], // PROTO
    [0x95, () => this.#skip(8)], // FRAME
    [0x28, () => this.#push(MARK)], // MARK
    [0x30, () => this.#drop()], // POP
    [0x4e, () => this.#push(null)], // NONE
    [0x88, () => this.#push(true)], // NEWTRUE
    [0x89, () => this.#push(false)], // NEWFALSE
    [0x4b, () => this.#push(this.#byte())], // BININT1
    [0x4d, () => this.#push(this.#number(2, (at) => this.#view.getUint16(at, true)))], // BININT2
    [0x4a, () => this.#push(this.#number(4, (at) => this.#view.getInt32(at, true)))], // BININT
    [0x8a, () => this.#push(this.#long(this.#byte()))], // LONG1
    [0x47, () => this.#push(this.#number(8, (at) => this.#view.getFloat64(at)))], // BINFLOAT
    [0x58, () => this.#push(this.#text(this.#size()))], // BINUNICODE
    [0x8c, () => this.#push(this.#text(this.#byte()))], // SHORT_BINUNICODE
    [0x5d, () => this.#push([])], // EMPTY_LIST
    [0x7d, () => this.#push(new Map())], // EMPTY_DICT
    [0x29, () => this.#push(Object.freeze([]))], // EMPTY_TUPLE
    [0x85, () => this.#push(Object.freeze(this.#several(1)))], // TUPLE1
    [0x86, () => this.#push(Object.freeze(this.#several(2)))], // TUPLE2
    [0x87, () => this.#push(Object.freeze(this.#several(3)))], // TUPLE3
    [0x74, () => this.#push(Object.freeze(this.#marked()))], // TUPLE
    [0x61, () => this.#append(this.#several(1))], // APPEND
    [0x65, () => this.#append(this.#marked())], // APPENDS
    [0x73, () => this.#set(this.#several(2))], // SETITEM
    [0x75, () => this.#set(this.#marked())], // SETITEMS
    [0x71, () => this.#keep(this.#byte())], // BINPUT
    [0x72, () => this.#keep(this.#size())], // LONG_BINPUT
    [0x94, () => this.#keep(this.#memo.size)], // MEMOIZE
    [0x68, () => this.#recall(this.#byte())], // BINGET
    [0x6a, () => this.#recall(this.#size())], // LONG_BINGET
    [0x63, () => this.#global(`${this.#line()} ${this.#line()}`)], // GLOBAL
    [0x93, () => this.#stackGlobal()], // STACK_GLOBAL
    [0x51, () => this.#push(this.#globals.persistent(this.#pop()))], // BINPERSID
    [0x52, () => this.#call()], // REDUCE
    [0x62, () => this.#build()], // BUILD
  ]);

  #step(op: number): void {
    const step = this.#steps.get(op);
    if (!step)
      throw new PickleError(
        `its operation 0x${op.toString(16)} at byte ${this.#at - 1} is none that PyTorch needs for tensors`,
      );
    step();
  }

  #protocol(): void {
    if (this.#byte() > 5) throw new PickleError("it is of a protocol above 5");
  }

  #skip(count: number): void {
    this.#take(count);
  }

  #drop(): void {
    this.#pop();
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw new PickleError("it takes from an empty stack");
    const value = this.#stack.pop();
    if (value === MARK) throw new PickleError("it takes a mark for a value");
    return value;
  }

  #several(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  /** What lies above the last mark, which goes too. */
  #marked(): unknown[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw new PickleError("it has no mark where it needs one");
    const values = this.#stack.splice(at);
    return values.slice(1);
  }

  #top(): unknown {
    const top = this.#stack.length > 0 ? this.#stack[this.#stack.length - 1] : MARK;
    if (top === MARK) throw new PickleError("it changes nothing");
    return top;
  }

  #append(values: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw new PickleError("it appends to what is no list");
    for (const value of values) list.push(value);
  }

  #set(values: readonly unknown[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map) || values.length % 2)
      throw new PickleError("it sets items of what is no dictionary");
    for (let i = 0; i < values.length; i += 2) dictionary.set(values[i], values[i + 1]);
  }

  #keep(at: number): void {
    this.#memo.set(at, this.#top());
  }

  #recall(at: number): void {
    const value = this.#memo.has(at) ? this.#memo.get(at) : NULL;
    if (value === NULL) throw new PickleError(`it refers to ${at}, which it did not keep`);
    this.#push(value);
  }

  #stackGlobal(): void {
    const [module, name] = this.#several(2);
    if (typeof module !== "string" || typeof name !== "string")
      throw new PickleError("it names a class by what is no text");
    this.#global(`${module} ${name}`);
  }

  #global(name: string): void {
    const found = this.#globals.find(name);
    if (!found) throw new PickleError(`it holds ${name.replace(" ", ".").slice(0, LONGEST_NAME)}`, name);
    this.#push("is" in found ? found.is : found);
  }

  #call(): void {
    const [callee, args] = this.#several(2);
    if (!isCallable(callee) || !Array.isArray(args)) throw new PickleError("it calls what is no function");
    this.#push(callee.call(...args));
  }

  /** State that is set: of dictionaries alone, where it is what PyTorch notes of versions. */
  #build(): void {
    this.#pop();
    if (!(this.#top() instanceof Map)) throw new PickleError("it sets the state of what is no dictionary");
  }

  #take(count: number): Uint8Array {
    const from = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new PickleError("it is cut off");
    return this.#bytes.subarray(from, this.#at);
  }

  #byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  #number(bytes: number, read: (at: number) => number): number {
    const at = this.#at;
    this.#take(bytes);
    return read(at);
  }

  #size(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true));
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#take(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw new PickleError("it is cut off");
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  /** Two's complement, the lowest byte first. A number that is no safe one is infinity: nothing that is wanted is so large. */
  #long(length: number): number {
    if (length > LONGEST) throw new PickleError(`it has a whole number of ${length} bytes`);
    const value = this.#take(length).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const signed = Number(BigInt.asIntN(8 * length, value));
    return Number.isSafeInteger(signed) ? signed : signed * Number.POSITIVE_INFINITY;
  }
}

const isCallable = (value: unknown): value is Extract<Global, { call: unknown }> =>
  typeof value === "object" && value !== null && "call" in value && typeof value.call === "function";
