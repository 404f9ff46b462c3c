/**
 * Interning: one object for each structure (hash consing). A table hangs on an owner, a part that dies with its
 * compilation, so that what nobody refers to any more is collected with it, and numbers stay in the order of making.
 */
let made = 0;

/** A number that no other axis, atom, index or expression of this process has. */
export const nextId = (): number => made++;

/** What was made once, by owner and by the rest of its structure. */
export class Interned<T> {
  readonly #tables = new WeakMap<object, Map<string, T>>();

  /** The one object of this structure; `rest` says all of it but the owner, with parts by their ids. */
  get(owner: object, rest: string, make: (id: number) => T): T {
    let table = this.#tables.get(owner);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(owner, table);
    }
    const known = table.get(rest);
    if (known !== undefined) return known;
    const value = make(nextId());
    table.set(rest, value);
    return value;
  }
}

const numbers = new WeakMap<object, number>();

/** The number of an object that is itself alone. */
export function idOf(object: object): number {
  const id = numbers.get(object) ?? nextId();
  numbers.set(object, id);
  return id;
}

/** The owner of what consists of numbers alone, and is never collected. */
export const FOREVER = {};
