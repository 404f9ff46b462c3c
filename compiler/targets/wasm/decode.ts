/** Modules taken apart again: their functions, and the instructions of these. It knows what `encodeModule` writes, not all of WebAssembly. */
import { InternalError, must } from "../../errors.ts";
import { control, f32, f32x4, i32, i32x4, VALUE_TYPES, v128 } from "./opcodes.ts";

/** An instruction: its name as in the specification's text format, or nearly so, and the numbers that follow it. */
export interface Instruction {
  readonly name: string;
  readonly numbers: readonly number[];
  /** How many values it takes off the stack, and whether it leaves one there. Of calls that depends on the function. */
  readonly takes: number;
  readonly gives: boolean;
}

export interface FunctionType {
  readonly takes: number;
  readonly gives: boolean;
}

export interface DecodedFunction {
  readonly type: FunctionType;
  /** Besides the parameters. */
  readonly locals: number;
  /** In the module, its length included. */
  readonly bytes: number;
  readonly instructions: readonly Instruction[];
}

/** What follows an opcode: numbers as LEB128, a number of f32, or bytes. */
type Follows =
  | "none"
  | "one"
  | "signed"
  | "float"
  | "address"
  | "address and lane"
  | "16 bytes"
  | "byte"
  | "block";

interface Known {
  readonly name: string;
  readonly follows: Follows;
  readonly takes: number;
  readonly gives: boolean;
}

const GROUPS = { i32, f32, v128, i32x4, f32x4 } as const;
/** `load32Splat` as `load32_splat` */
const plain = (key: string): string => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

const UNARY = /^(?:eqz|abs|neg|sqrt|nearest|floor|splat|demote|convert|trunc|reinterpret)/;

/** What is known of an instruction by its name. */
function known(group: string, key: string): Known {
  const name = `${group}.${plain(key)}`;
  const wide = group.includes("x4") || group === "v128";
  if (key.startsWith("load")) return { name, follows: "address", takes: 1, gives: true };
  if (/^store\d+Lane$/.test(key)) return { name, follows: "address and lane", takes: 2, gives: false };
  if (key.startsWith("store")) return { name, follows: "address", takes: 2, gives: false };
  if (key === "const")
    return { name, follows: wide ? "16 bytes" : group === "f32" ? "float" : "signed", takes: 0, gives: true };
  if (key === "shuffle") return { name, follows: "16 bytes", takes: 2, gives: true };
  if (key === "bitselect") return { name, follows: "none", takes: 3, gives: true };
  if (key === "extract") return { name: `${name}_lane`, follows: "byte", takes: 1, gives: true };
  if (key === "replace") return { name: `${name}_lane`, follows: "byte", takes: 2, gives: true };
  return { name, follows: "none", takes: UNARY.test(key) ? 1 : 2, gives: true };
}

const statement = (name: string, follows: Follows, takes = 0, gives = false): Known => ({
  name,
  follows,
  takes,
  gives,
});

const CONTROL: Readonly<Record<keyof typeof control, Known>> = {
  block: statement("block", "block"),
  loop: statement("loop", "block"),
  if: statement("if", "block", 1),
  else: statement("else", "none"),
  end: statement("end", "none"),
  br: statement("br", "one"),
  brIf: statement("br_if", "one", 1),
  call: statement("call", "one"),
  drop: statement("drop", "none", 1),
  select: statement("select", "none", 3, true),
  get: statement("local.get", "one", 0, true),
  set: statement("local.set", "one", 1),
  tee: statement("local.tee", "one", 1, true),
};

/** By the bytes of the opcode. */
const INSTRUCTIONS: ReadonlyMap<string, Known> = new Map([
  ...Object.entries(CONTROL).map(([key, k]): [string, Known] => [
    `${control[key as keyof typeof control]}`,
    k,
  ]), // the record's own keys
  ...Object.entries(GROUPS).flatMap(([group, ops]) =>
    Object.entries(ops).map(([key, bytes]): [string, Known] => [bytes.join(), known(group, key)]),
  ),
]);
const PREFIXES: ReadonlySet<number> = new Set([0xfc, 0xfd]);

/** Bytes, read one after the other. */
export class Reader {
  readonly #bytes: Uint8Array;
  at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    return must(this.#bytes[this.at++], "byte");
  }

  /** LEB128. */
  unsigned(): number {
    let [value, factor] = [0, 1];
    for (let byte = 128; byte > 127; factor *= 128) {
      byte = this.byte();
      value += (byte & 127) * factor;
    }
    return value;
  }

  signed(): number {
    const start = this.at;
    const value = this.unsigned();
    const size = 2 ** (7 * (this.at - start));
    return value >= size / 2 ? value - size : value;
  }

  float(): number {
    return new DataView(Uint8Array.from(this.take(4)).buffer).getFloat32(0, true);
  }

  take(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.byte());
  }

  instruction(): Instruction {
    const first = this.byte();
    const opcode = PREFIXES.has(first) ? [first, ...this.#rest()] : [first];
    const found = INSTRUCTIONS.get(opcode.join());
    if (!found) throw new InternalError(`no instruction that the encoder writes: ${opcode.join(" ")}`);
    const { name, follows, takes, gives } = found;
    return { name, takes, gives, numbers: this.#numbers(follows) };
  }

  /** A number of LEB128 as its bytes. */
  #rest(): readonly number[] {
    const start = this.at;
    this.unsigned();
    return [...this.#bytes.subarray(start, this.at)];
  }

  #numbers(follows: Follows): readonly number[] {
    switch (follows) {
      case "none":
        return [];
      case "one":
        return [this.unsigned()];
      case "signed":
        return [this.signed()];
      case "float":
        return [this.float()];
      case "address":
        return [this.unsigned(), this.unsigned()];
      case "address and lane":
        return [this.unsigned(), this.unsigned(), this.byte()];
      case "16 bytes":
        return this.take(16);
      case "byte":
      case "block":
        return [this.byte()];
    }
  }
}

/** A function's instructions: its bytes without its locals. */
export function decodeBody(bytes: readonly number[]): readonly Instruction[] {
  const reader = new Reader(Uint8Array.from(bytes));
  const instructions: Instruction[] = [];
  while (reader.at < bytes.length) instructions.push(reader.instruction());
  return instructions;
}

/** The functions of a module of `encodeModule`, in their order. */
export function decodeModule(bytes: Uint8Array): readonly DecodedFunction[] {
  const reader = new Reader(bytes);
  reader.at = 8;
  let types: readonly FunctionType[] = [];
  let kinds: readonly number[] = [];
  const functions: DecodedFunction[] = [];
  const list = <T>(read: (i: number) => T): readonly T[] =>
    Array.from({ length: reader.unsigned() }, (_, i) => read(i));
  while (reader.at < bytes.length) {
    const section = reader.byte();
    const length = reader.unsigned();
    const end = reader.at + length;
    if (section === 1)
      types = list(() => {
        reader.byte();
        const takes = list(() => reader.byte()).length;
        return { takes, gives: list(() => reader.byte()).length > 0 };
      });
    else if (section === 3) kinds = list(() => reader.unsigned());
    else if (section === 10)
      functions.push(...list((i) => body(reader, must(types[must(kinds[i], "kind")], "type"))));
    reader.at = end;
  }
  return functions;
}

function body(reader: Reader, type: FunctionType): DecodedFunction {
  const start = reader.at;
  const length = reader.unsigned();
  const end = reader.at + length;
  let locals = 0;
  for (let groups = reader.unsigned(); groups > 0; groups--) {
    locals += reader.unsigned();
    const kind = reader.byte();
    if (!Object.values(VALUE_TYPES).some((v) => v === kind)) throw new InternalError(`no type: ${kind}`);
  }
  const instructions: Instruction[] = [];
  while (reader.at < end) instructions.push(reader.instruction());
  return { type, locals, bytes: end - start, instructions };
}
