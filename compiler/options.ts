/**
 * What public functions take, stated once: the name of each option with what it may be. Whatever is not stated is an
 * error with its rule and something to try, also from JavaScript, where no type checks it.
 *
 *   const read = takes("pad", { padding: numbers, value: otherwise(finite, 0) });
 *   read({ padding: 2 });   // { padding: 2, value: 0 }
 */
import { UserError } from "./errors.ts";

/** Which value is looked at: `stride` of `conv2d`. */
interface Place {
  readonly of: string;
  /** `clip.norm`, `kernel[0]` */
  readonly option: string;
  /** As it is written where it stands: `norm`. */
  readonly name: string;
}

/** What an option may be. */
export interface Kind<T> {
  /** Ends the sentence "stride is …". */
  readonly rule: string;
  /** One of its values as it is written in code: what to try. */
  readonly example: string;
  /** The value that the function works with. Throws `UserError` for any other. */
  read(value: unknown, place: Place): T;
}

/** Options by name. */
export type Fields = { readonly [name: string]: Kind<unknown> };
/** The options as the function works with them. */
export type Read<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Kind<infer T> ? T : never;
};

/** The reader of a function's options. `undefined` stands for no options. */
export function takes<const F extends Fields>(of: string, fields: F): (given: unknown) => Read<F> {
  return (given) => readFields({ of, option: "", name: "" }, fields, given === undefined ? {} : given);
}

function readFields<F extends Fields>({ of, option }: Place, fields: F, given: unknown): Read<F> {
  const known = Object.keys(fields);
  const what = option || "options";
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new UserError({
      problem: `${of}: ${option ? `${option} is` : "options are"} ${show(given)}`,
      rule:
        known.length > 0
          ? `${what} ${option ? "is" : "are"} an object with ${known.join(", ")}`
          : `${of} takes no options`,
      fix: known.length > 0 ? `{ ${known[0]}: ${fields[known[0] ?? ""]?.example} }` : "leaving it out",
    });
  }
  const at = (name: string): string => (option ? `${option}.${name}` : name);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new UserError({
      problem: `${of}: unknown option "${at(name)}"`,
      rule: `${option || of} takes ${known.join(", ") || "no options"}`,
      fix: closest(name, known) ?? "leaving it out",
    });
  }
  const values = given as Readonly<Record<string, unknown>>; // an object, checked above
  const read = Object.entries(fields)
    .map(([name, kind]) => [name, kind.read(values[name], { of, option: at(name), name })])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(read) as Read<F>; // a value of its kind for each field
}

/** Throws the error of a value that is none of a kind. */
function refuse(kind: Pick<Kind<unknown>, "rule" | "example">, value: unknown, place: Place): never {
  throw new UserError({
    problem: `${place.of}: ${place.option} is ${show(value)}`,
    rule: `${place.option} is ${kind.rule}`,
    fix: `${place.name}: ${kind.example}`,
    ...(value === undefined ? { early: true } : {}),
  });
}

/** A kind by its test. `near` writes the allowed value that was probably meant. */
export function kindOf<T>(
  rule: string,
  example: string,
  is: (value: unknown) => value is T,
  near: (value: unknown) => T | undefined = () => undefined,
): Kind<T> {
  return {
    rule,
    example,
    read(value, place) {
      if (is(value)) return value;
      const meant = near(value);
      return refuse({ rule, example: meant === undefined ? example : show(meant) }, value, place);
    },
  };
}

/** The number that is written in a string, or the number. */
function numeric(value: unknown): number {
  return typeof value === "string" && value.trim() !== ""
    ? Number(value)
    : typeof value === "number"
      ? value
      : Number.NaN;
}

/** A number with a property. */
export function numberThat(rule: string, example: number, holds: (value: number) => boolean): Kind<number> {
  const is = (value: unknown): value is number => typeof value === "number" && holds(value);
  return kindOf(rule, `${example}`, is, (value) => (is(numeric(value)) ? numeric(value) : undefined));
}

function wholeNumber(least: number): Kind<number> {
  const is = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= least;
  return kindOf(`a whole number of at least ${least}`, `${least}`, is, (value) => {
    const n = Math.max(least, Math.abs(Math.round(numeric(value))));
    return Number.isSafeInteger(n) ? n : undefined;
  });
}

export const positive: Kind<number> = wholeNumber(1);
export const natural: Kind<number> = wholeNumber(0);
export const integer: Kind<number> = numberThat("a whole number", 0, Number.isSafeInteger);
const anyNumber = numberThat("a finite number", 1, Number.isFinite);
const inF32 = numberThat("within ±3.4e38, as f32 is", 1e38, (x) => Number.isFinite(Math.fround(x)));
export const finite: Kind<number> = {
  ...anyNumber,
  read: (value, place) => inF32.read(anyNumber.read(value, place), place),
};

export const flag: Kind<boolean> = kindOf(
  "true or false",
  "true",
  (value) => typeof value === "boolean",
  (value) => (value === 0 || value === "false" || value === "0" ? false : undefined),
);

export const text: Kind<string> = kindOf(
  "a string that is not empty",
  '"…"',
  (value): value is string => typeof value === "string" && value.trim() !== "",
);

export const callable: Kind<(...args: never[]) => unknown> = kindOf(
  "a function",
  "() => …",
  (value): value is (...args: never[]) => unknown => typeof value === "function",
);

/** One of some words. */
export function oneOf<const W extends string>(words: readonly W[]): Kind<W> {
  const list = words.map((w) => `"${w}"`).join(", ");
  const is = (value: unknown): value is W => words.some((w) => w === value);
  return kindOf(
    words.length > 1 ? `one of ${list}` : list,
    words.map((w) => `"${w}"`).join(" or "),
    is,
    (value) => (typeof value === "string" ? (closest(value, words) as W | undefined) : undefined), // it is one of `words`
  );
}

/** What may be left out. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return { ...kind, read: (value, place) => (value === undefined ? undefined : kind.read(value, place)) };
}

/** What may be left out, and what then holds. */
export function otherwise<T>(kind: Kind<T>, absent: T): Kind<T> {
  return { ...kind, read: (value, place) => (value === undefined ? absent : kind.read(value, place)) };
}

/** A value for all axes, or a list of one for each: `[height, width]`. */
export function eachOf<T>(kind: Kind<T>, axes: readonly string[]): Kind<readonly T[]> {
  const form = `[${axes.join(", ")}]`;
  return {
    rule: `${kind.rule}, or ${form}`,
    example: kind.example,
    read(value, place) {
      if (!Array.isArray(value)) {
        const all = kind.read(value, place);
        return axes.map(() => all);
      }
      if (value.length !== axes.length)
        refuse(
          { rule: `a number or ${form}`, example: `[${axes.map(() => kind.example).join(", ")}]` },
          value,
          place,
        );
      return readItems(kind, value, place);
    },
  };
}

function readItems<T>(kind: Kind<T>, values: readonly unknown[], { of, option }: Place): readonly T[] {
  return Array.from(values, (value, i) =>
    kind.read(value, { of, option: `${option}[${i}]`, name: `${option}[${i}]` }),
  );
}

/** A list, of `count` entries if that is given. */
export function listOf<T>(kind: Kind<T>, count?: number): Kind<readonly T[]> {
  const example = `[${Array.from({ length: count ?? 1 }, () => kind.example).join(", ")}]`;
  const rule = `a list${count === undefined ? "" : ` of ${count}`}, each entry ${kind.rule}`;
  return {
    rule,
    example,
    read(value, place) {
      if (!Array.isArray(value) || (count !== undefined && value.length !== count))
        return refuse({ rule, example }, value, place);
      return readItems(kind, value, place);
    },
  };
}

/** An object with fields of its own. */
export function objectOf<const F extends Fields>(fields: F): Kind<Read<F>> {
  const [name = ""] = Object.keys(fields);
  return {
    rule: `an object with ${Object.keys(fields).join(", ")}`,
    example: `{ ${name}: ${fields[name]?.example} }`,
    read: (value, place) => readFields(place, fields, value ?? null),
  };
}

/** An object whose field `kind` says which other fields it has. */
export function taggedBy<const V extends { readonly [kind: string]: Fields }>(
  variants: V,
  example: string,
): Kind<{ readonly [K in keyof V]: { readonly kind: K } & Read<V[K]> }[keyof V]> {
  const kinds = oneOf(Object.keys(variants));
  const rule = `an object whose kind is ${kinds.rule}`;
  return {
    rule,
    example,
    read(value, place) {
      if (typeof value !== "object" || value === null || !("kind" in value))
        return refuse({ rule, example }, value, place);
      const kind = kinds.read(value.kind, { ...place, option: `${place.option}.kind`, name: "kind" });
      return readFields(place, { kind: kinds, ...variants[kind] }, value) as never; // the fields of that kind
    },
  };
}

/** Another kind of the same values, with one more rule. */
export function refined<T, U>(
  kind: Kind<T>,
  change: (value: T, fail: (rule: string) => never) => U,
): Kind<U> {
  return {
    ...kind,
    read: (value, place) =>
      change(kind.read(value, place), (rule) => refuse({ rule, example: kind.example }, value, place)),
  };
}

/** Throws `UserError` where a function is called with more arguments than it takes. */
export function noMore(of: string, args: readonly unknown[], most: number): void {
  if (args.length <= most) return;
  throw new UserError({
    problem: `${of}: argument ${most + 1} is ${show(args[most])}`,
    rule: `${of} takes ${most === 0 ? "no arguments" : most === 1 ? "one argument" : `${most} arguments at most`}`,
    fix: "leaving it out",
  });
}

/** A value as one reads it in code, shortened. */
export function show(value: unknown): string {
  const full = written(value, 0);
  return full.length <= 80
    ? full
    : Array.isArray(value)
      ? `a list of ${value.length}`
      : typeof value === "string"
        ? `"${value.slice(0, 60)}…"`
        : "an object";
}

function written(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 2) return "…";
  if (value.toString !== Object.prototype.toString && !Array.isArray(value)) return String(value); // says what it is
  if (Array.isArray(value))
    return `[${value
      .slice(0, 20)
      .map((v) => written(v, depth + 1))
      .join(", ")}]`;
  const entries = Object.entries(value).slice(0, 20);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([k, v]) => `${k}: ${written(v, depth + 1)}`).join(", ")} }`;
}

/** The known name that was probably meant: one that begins alike, or differs in few letters. */
export function closest(name: string, known: readonly string[]): string | undefined {
  const key = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const given = key(name);
  const ranked = known
    .map((word) => ({
      word,
      distance: edits(given, key(word)),
      begins: key(word).startsWith(given.slice(0, 3)),
    }))
    .filter(
      (w) =>
        (w.distance <= 2 && w.distance < Math.max(2, given.length / 2)) || (w.begins && given.length >= 3),
    )
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.word;
}

/** Letters to insert, delete or replace (Levenshtein 1966). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, y] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
