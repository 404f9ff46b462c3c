/** Values of JSON that nobody vouches for, read with the path at which they stand. */
import { WeftError } from "./errors.ts";

/** Characters of a value that a message shows. */
const SHOWN = 60;

/** A value in a message: cut short, and without a character that a terminal would obey. */
export function shown(value: unknown): string {
  const text =
    value === undefined
      ? "missing"
      : Array.isArray(value)
        ? `an array of ${value.length}`
        : typeof value === "object" && value !== null
          ? "an object"
          : JSON.stringify(typeof value === "string" ? value.slice(0, SHOWN + 1) : value);
  const plain = text.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain;
}

/** Each reader gives what it promises or throws `WeftError` "program" with the path, the value and the rule. */
export class Field {
  readonly value: unknown;
  readonly #path: string;

  /** `path`: how the value is reached, as in JavaScript; empty for the whole. */
  constructor(value: unknown, path = "") {
    this.value = value;
    this.#path = path;
  }

  /** `kernels[2].workgroup: problem` */
  fail(problem: string): never {
    throw new WeftError("program", `${this.#path || "the program"}: ${problem}`);
  }

  #expect(rule: string): never {
    return this.fail(`${shown(this.value)}, but it has to be ${rule}`);
  }

  /** The member of an object. */
  get(key: string): Field {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.#expect("an object");
    const member: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    return new Field(member, this.#path ? `${this.#path}.${key}` : key);
  }

  /** The member of an object, if it is there. */
  find(key: string): Field | undefined {
    const member = this.get(key);
    return member.value === undefined ? undefined : member;
  }

  /** The elements of an array. */
  list(least = 0, most = Infinity): Field[] {
    const { value } = this;
    if (!Array.isArray(value)) return this.#expect("an array");
    if (value.length < least || value.length > most)
      return this.#expect(
        most === Infinity ? `an array of at least ${least}` : `an array of ${least} to ${most}`,
      );
    return value.map((item, i) => new Field(item, `${this.#path}[${i}]`));
  }

  text(): string {
    return typeof this.value === "string" && this.value !== ""
      ? this.value
      : this.#expect("a text that is not empty");
  }

  flag(): boolean {
    return typeof this.value === "boolean" ? this.value : this.#expect("true or false");
  }

  /** A whole number from `least` to `most`. */
  whole(least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most)
      return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    return this.#expect(`a whole number ${upTo}`);
  }

  /** A finite number. */
  number(): number {
    const { value } = this;
    return typeof value === "number" && Number.isFinite(value) ? value : this.#expect("a finite number");
  }

  /** The position of an element of a list that holds `count`. */
  index(count: number, of: string): number {
    const { value } = this;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value < count) return value;
    return this.#expect(
      count ? `the position of one of ${of}, 0 … ${count - 1}` : `that of one of ${of}, but there are none`,
    );
  }

  oneOf<T extends string | number>(values: readonly T[]): T {
    const found = values.find((each) => each === this.value);
    return found ?? this.#expect(values.map((v) => JSON.stringify(v)).join(" or "));
  }
}
