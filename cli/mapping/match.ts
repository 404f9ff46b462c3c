/**
 * Which layer of a file is which of a model. Layers of equal parts and shapes come into question; which of them it is, is
 * found out by rules, each of which leaves no choice where it says anything:
 *
 *   name   they are called the same
 *   shape  there is one of the kind on either side
 *   place  it lies nearest to what the neighbours were found to be
 *   order  as many on either side, which the file's names number
 *   words  the one name that shares a word with it, such as q, k and v
 *
 * What they leave open is left open. Pure: equal lists give equal answers.
 */
import { keyOf, type Layer, LIKENESSES, type Likeness } from "./layers.ts";
import { byNumber, distance, plainName, wordsOf } from "./names.ts";

export type Rule = "map" | "name" | "shape" | "place" | "order" | "words";

/** A layer of the model, the file's, and why. */
export interface Match {
  readonly from: Layer;
  readonly rule: Rule;
}

/** Layers of the model that might be each of some of the file's. */
export interface Open {
  readonly wanted: readonly Layer[];
  readonly from: readonly Layer[];
}

export interface Matching {
  readonly matches: ReadonlyMap<Layer, Match>;
  readonly open: readonly Open[];
}

/** @param given what is known already: left as it is */
export function matchLayers(
  model: readonly Layer[],
  file: readonly Layer[],
  given: ReadonlyMap<Layer, Match> = new Map(),
): Matching {
  const search = new Search(model, file, given);
  for (const likeness of LIKENESSES) search.settle(likeness);
  return { matches: search.matches, open: search.open() };
}

/** Two lists of equal length, and whether there is anything in them. */
type Pairs = readonly (readonly [wanted: Layer, from: Layer])[];

class Search {
  readonly matches: Map<Layer, Match>;
  readonly #model: readonly Layer[];
  readonly #free: Set<Layer>;

  constructor(model: readonly Layer[], file: readonly Layer[], given: ReadonlyMap<Layer, Match>) {
    this.#model = model;
    this.matches = new Map(given);
    this.#free = new Set(file);
    for (const { from } of given.values()) this.#free.delete(from);
  }

  /** Applies the rules, the surest first, until they say nothing new. */
  settle(likeness: Likeness): void {
    const rules: readonly [Rule, (open: Open) => Pairs][] = [
      ["name", sameName],
      ["shape", ({ wanted, from }) => (wanted.length === 1 && from.length === 1 ? zip(wanted, from) : [])],
      ["place", (open) => (open.from.length > 1 ? this.#placed(open) : [])],
      ["order", (open) => this.#apart(open).flatMap(inOrder)],
      ["words", (open) => this.#apart(open).flatMap(byWords)],
    ];
    for (let found = true; found; ) {
      found = false;
      for (const [rule, apply] of rules) {
        const pairs = this.open(likeness).flatMap(apply);
        for (const [wanted, from] of pairs) {
          this.matches.set(wanted, { from, rule });
          this.#free.delete(from);
        }
        found = pairs.length > 0;
        if (found) break;
      }
    }
  }

  /** What is undecided, by kinds. */
  open(likeness?: Likeness): readonly Open[] {
    const kinds = new Map<string, { wanted: Layer[]; from: Layer[] }>();
    const left = this.#model.filter((layer) => !this.matches.has(layer));
    for (const [layers, side] of [
      [left, "wanted"],
      [this.#free, "from"],
    ] as const)
      for (const layer of layers) {
        const key = keyOf(layer, likeness ?? "transposed");
        const kind = kinds.get(key) ?? { wanted: [], from: [] };
        kind[side].push(layer);
        kinds.set(key, kind);
      }
    return [...kinds.values()].filter(({ wanted, from }) => wanted.length > 0 && from.length > 0);
  }

  /** Layers that lie nearest to one layer of the file, and no other of the model is so sure of that one. */
  #placed({ wanted, from }: Open): Pairs {
    const pairs = wanted.flatMap((layer) => {
      const [only, ...more] = this.#near(layer, from) ?? [];
      return only && more.length === 0 ? [[layer, only] as const] : [];
    });
    return pairs.filter(([layer, at]) => pairs.every(([other, to]) => other === layer || to !== at));
  }

  /**
   * The kind taken apart: layers of the model together that the same layers of the file are nearest to. Of those that have
   * no known neighbours any is as near; where sets overlap, nothing is said of them.
   */
  #apart({ wanted, from }: Open): readonly Open[] {
    const groups = new Map<string, { wanted: Layer[]; from: readonly Layer[] }>();
    for (const layer of wanted) {
      const near = this.#near(layer, from) ?? from;
      const key = JSON.stringify(near.map(({ name }) => name));
      const group = groups.get(key) ?? { wanted: [], from: near };
      group.wanted.push(layer);
      groups.set(key, group);
    }
    const all = [...groups.values()];
    return all.filter((a) => all.every((b) => a === b || !a.from.some((layer) => b.from.includes(layer))));
  }

  /** Those of `from` that lie nearest to what the layer's neighbours in its scope were found to be; undefined where none were. */
  #near(layer: Layer, from: readonly Layer[]): readonly Layer[] | undefined {
    const at = this.#model.indexOf(layer);
    const scope = `${layer.path.slice(0, -1)}`;
    const found = this.#model.flatMap((other, i) => {
      const match = this.matches.get(other);
      return match && `${other.path.slice(0, -1)}` === scope
        ? [{ gap: Math.abs(i - at), path: match.from.path }]
        : [];
    });
    if (found.length === 0) return undefined;
    const gap = Math.min(...found.map((each) => each.gap));
    const beside = found.filter((each) => each.gap === gap);
    const costs = from.map(({ path }) => beside.reduce((sum, b) => sum + distance(path, b.path), 0));
    const least = Math.min(...costs);
    return from.filter((_, i) => costs[i] === least);
  }
}

const zip = (wanted: readonly Layer[], from: readonly Layer[]): Pairs =>
  wanted.flatMap((layer, i) => {
    const other = from[i];
    return other ? [[layer, other] as const] : [];
  });

function sameName({ wanted, from }: Open): Pairs {
  const called = (layers: readonly Layer[], name: string): readonly Layer[] =>
    layers.filter((layer) => plainName(layer.name) === name);
  return wanted.flatMap((layer) => {
    const name = plainName(layer.name);
    const [same, ...more] = called(from, name);
    return same && more.length === 0 && called(wanted, name).length === 1 ? [[layer, same] as const] : [];
  });
}

/** As many on either side, and the file numbers them; the model's numbers, where it has them too, must not contradict. */
function inOrder({ wanted, from }: Open): Pairs {
  if (wanted.length !== from.length) return [];
  const order = byNumber(from.map(({ name }) => name));
  const names = wanted.map(({ name }) => name);
  const own = byNumber(names);
  if (!order || (own && `${own}` !== `${names}`)) return [];
  return zip(
    wanted,
    order.flatMap((name) => from.find((layer) => layer.name === name) ?? []),
  );
}

/** Each shares a word that not all have with one other, and no two with the same. */
function byWords({ wanted, from }: Open): Pairs {
  const all = from.map(({ name }) => wordsOf(name));
  const telling = all.map(
    (words) => new Set([...words].filter((word) => !all.every((other) => other.has(word)))),
  );
  const pairs = wanted.flatMap((layer) => {
    const words = wordsOf(layer.name);
    const alike = from.filter((_, i) => [...(telling[i] ?? [])].some((word) => words.has(word)));
    const [only, ...more] = alike;
    return only && more.length === 0 ? [[layer, only] as const] : [];
  });
  const taken = new Set(pairs.map(([, other]) => other));
  return pairs.length === wanted.length && taken.size === pairs.length ? pairs : [];
}
