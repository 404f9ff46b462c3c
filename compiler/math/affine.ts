/**
 * Affine index algebra: integer-linear combinations of axes, with floor division and remainder by constants.
 * Everything is kept in one normal form and interned, so that equal indices are one object and row-major addresses of
 * a reshape fold back: (x / 25) · 25 + x % 25 = x.
 */

import type { Dim } from "../../contract/type.ts";
import { InternalError, must } from "../errors.ts";
import type { Atom, Axis, Bound, Index, Lookup, Node, Quotient, Substitution, Term } from "../ir/expr.ts";
import { boundOf, isBatch, isKnown, keyOf } from "../ir/type.ts";
import { FOREVER, Interned, idOf, nextId } from "./intern.ts";

const indices = new Interned<Index>();
const quotients = new Interned<Quotient>();
const lookups = new Interned<Lookup>();

/** From terms in normal form: in the order of their atoms, distinct, no coefficient 0. */
function make(constant: number, terms: readonly Term[]): Index {
  const whole = constant + 0; // −0 becomes 0
  let rest = `${whole}`;
  for (const t of terms) rest += ` ${t.coefficient}*${t.atom.id}`;
  return indices.get(terms[0]?.atom ?? FOREVER, rest, (id) => ({ id, constant: whole, terms }));
}

export function constant(value: number): Index {
  return make(value, []);
}

/** A new axis, which is no other one. */
export function newAxis(name: string, extent: Dim): Axis {
  return { kind: "axis", id: nextId(), name, extent };
}

export function axisIndex(axis: Axis): Index {
  return axis.extent === 1 ? constant(0) : indexOf(axis);
}

const indexOf = (atom: Atom): Index => make(0, [{ coefficient: 1, atom }]);

/** The whole number at a place of a tensor, as an index into something of that extent. */
/** The axis that an index is; undefined where it is none by itself. */
export function axisOf({ terms, constant }: Index): Axis | undefined {
  const [term] = terms;
  const atom = terms.length === 1 && constant === 0 && term?.coefficient === 1 ? term.atom : undefined;
  return atom?.kind === "axis" ? atom : undefined;
}

export function lookup(from: Node, index: readonly Index[], extent: Dim): Index {
  if (extent === 1) return constant(0);
  const rest = `${idOf(from)} ${index.map((i) => i.id)} < ${keyOf(extent)}`;
  const make = (id: number): Lookup => ({ kind: "lookup", id, from, index, extent });
  return indexOf(lookups.get(ownerAmong(index) ?? from, rest, make));
}

/** An index that moves lives no longer than the axes of a compilation; constants stay. */
export const ownerAmong = (index: readonly Index[]): object | undefined =>
  index.find((i) => i.terms.length > 0);

/** N before all others: what is numbered along it then needs no division by N. */
export function batchFirst(axes: readonly Axis[]): readonly Axis[] {
  return axes.toSorted((a, b) => Number(isBatch(b.extent)) - Number(isBatch(a.extent)));
}

export function add(...parts: readonly (Index | number)[]): Index {
  let sum = 0;
  let terms: readonly Term[] = [];
  for (const part of parts) {
    if (typeof part === "number") sum += part;
    else {
      sum += part.constant;
      terms = terms.length === 0 ? part.terms : merge(terms, part.terms);
    }
  }
  return fold(make(sum, terms));
}

/** The sum of two sorted lists of terms. */
function merge(a: readonly Term[], b: readonly Term[]): readonly Term[] {
  const merged: Term[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [x, y] = [a[i], b[j]];
    if (x === undefined && y === undefined) return merged;
    if (y === undefined || (x !== undefined && x.atom.id < y.atom.id)) {
      if (x) merged.push(x);
      i++;
    } else if (x === undefined || x.atom.id > y.atom.id) {
      merged.push(y);
      j++;
    } else {
      const coefficient = x.coefficient + y.coefficient;
      if (coefficient !== 0) merged.push({ coefficient, atom: x.atom });
      i++;
      j++;
    }
  }
}

export function scale(index: Index, by: number): Index {
  if (by === 1) return index;
  if (by === 0) return constant(0);
  return make(
    index.constant * by,
    index.terms.map((t) => ({ coefficient: t.coefficient * by, atom: t.atom })),
  );
}

/**
 * x = by·(x div by) + (x mod by), used in both directions: c·by·(x div by) + c·(x mod by) becomes c·x, and
 * c·x − c·(x mod by) becomes c·by·(x div by).
 */
function fold(index: Index): Index {
  if (index.terms.length < 2) return index;
  for (const t of index.terms) {
    const atom = t.atom;
    if (atom.kind !== "mod") continue;
    const others = make(
      index.constant,
      index.terms.filter((x) => x !== t),
    );
    const quotient = div(atom.of, atom.by);
    for (const replaced of [
      joined(others, scale(quotient, -t.coefficient * atom.by), scale(atom.of, t.coefficient)),
      joined(others, scale(atom.of, t.coefficient), scale(quotient, -t.coefficient * atom.by)),
    ]) {
      if (replaced) return fold(replaced);
    }
  }
  return index;
}

/** `others + taken + put` where `taken` cancels terms of `others` altogether; undefined where it does not. */
function joined(others: Index, taken: Index, put: Index): Index | undefined {
  const left = merge(others.terms, taken.terms);
  if (left.length !== others.terms.length - taken.terms.length || taken.terms.length === 0) return undefined;
  return make(others.constant + taken.constant + put.constant, merge(left, put.terms));
}

export interface Range {
  readonly low: number;
  /** Infinity where the batch occurs. */
  readonly high: number;
}

/** The smallest and the largest value an index can take, ends included. */
export function rangeOf(index: Index): Range {
  let low = index.constant;
  let high = index.constant;
  for (const { coefficient, atom } of index.terms) {
    const r = atomRange(atom);
    const [a, b] = [coefficient * r.low, coefficient * r.high];
    low += Math.min(a, b);
    high += Math.max(a, b);
  }
  return { low, high };
}

function atomRange(atom: Atom): Range {
  if (atom.kind === "axis" || atom.kind === "lookup") return { low: 0, high: boundOf(atom.extent) - 1 };
  const r = rangeOf(atom.of);
  if (atom.kind === "div") return { low: Math.floor(r.low / atom.by), high: Math.floor(r.high / atom.by) };
  return { low: 0, high: r.low >= 0 ? Math.min(atom.by - 1, r.high) : atom.by - 1 };
}

/** Splits an index into `by · whole + rest`, where whole takes every term whose coefficient is a multiple. */
function splitMultiples(index: Index, by: number): { whole: Index; rest: Index } {
  const multiples = index.terms.filter((t) => t.coefficient % by === 0);
  const others = index.terms.filter((t) => t.coefficient % by !== 0);
  const whole = Math.floor(index.constant / by);
  return {
    whole: make(
      whole,
      multiples.map((t) => ({ ...t, coefficient: t.coefficient / by })),
    ),
    rest: make(index.constant - whole * by, others),
  };
}

/** ⌊index / by⌋ */
export function div(index: Index, by: number): Index {
  if (!Number.isInteger(by) || by < 1) throw new InternalError(`index division by ${by}`);
  if (by === 1) return index;
  const { whole, rest } = splitMultiples(index, by);
  const { low, high } = rangeOf(rest);
  if (Math.floor(low / by) === Math.floor(high / by)) return add(whole, Math.floor(low / by));
  const only = rest.terms.length === 1 && rest.constant === 0 ? rest.terms[0] : undefined;
  if (only?.coefficient === 1 && only.atom.kind === "div")
    return add(whole, div(only.atom.of, only.atom.by * by));
  const g = rest.terms.reduce((a, t) => gcd(a, t.coefficient), by);
  if (g > 1) {
    const reduced = make(
      Math.floor(rest.constant / g),
      rest.terms.map((t) => ({ ...t, coefficient: t.coefficient / g })),
    );
    return add(whole, div(reduced, by / g));
  }
  return add(whole, atomIndex("div", rest, by));
}

/** index mod by, in 0 … by − 1. */
export function mod(index: Index, by: number): Index {
  if (!Number.isInteger(by) || by < 1) throw new InternalError(`index remainder by ${by}`);
  if (by === 1) return constant(0);
  const rest = residues(splitMultiples(index, by).rest, by);
  const { low, high } = rangeOf(rest);
  const block = Math.floor(low / by);
  if (block === Math.floor(high / by)) return add(rest, -block * by);
  const only = rest.terms.length === 1 && rest.constant === 0 ? rest.terms[0] : undefined;
  if (only?.coefficient === 1 && only.atom.kind === "mod" && only.atom.by % by === 0)
    return mod(only.atom.of, by);
  return atomIndex("mod", rest, by);
}

/** The same remainder with coefficients in 0 … by − 1: −x ≡ (by − 1)·x. */
function residues(index: Index, by: number): Index {
  if (index.terms.every((t) => t.coefficient > 0 && t.coefficient < by)) return index;
  const terms = index.terms.map((t) => ({ coefficient: ((t.coefficient % by) + by) % by, atom: t.atom }));
  return make(index.constant, terms);
}

function atomIndex(kind: "div" | "mod", of: Index, by: number): Index {
  return indexOf(quotients.get(of, `${kind} ${by}`, (id) => ({ kind, id, of, by })));
}

/** The greatest common divisor; gcd(0, b) = |b|. */
export function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b);
}

/** The inverse of a modulo m; gcd(a, m) = 1. */
export function inverse(a: number, m: number): number {
  for (let x = 1; x < m; x++) if ((((a * x) % m) + m) % m === 1) return x;
  return 0;
}

/** Replaces axes by indices, bottom-up. */
export function substitute(index: Index, by: Substitution): Index {
  const mentions = (atom: Atom): boolean =>
    atom.kind === "axis" ? by.has(atom) : partsOf(atom).some((i) => i.terms.some((t) => mentions(t.atom)));
  if (!index.terms.some((t) => mentions(t.atom))) return index;
  return mapAtoms(index, (atom) => {
    if (atom.kind === "axis") return by.get(atom) ?? indexOf(atom);
    return lookup(
      atom.from,
      atom.index.map((i) => substitute(i, by)),
      atom.extent,
    );
  });
}

/** What is read of a tensor of whole numbers, and what it is kept below. */
export type Looked = Pick<Lookup, "from" | "index" | "extent">;

/** Puts an index for every number that is looked up; those in the place of another one come first. */
export function mapLookups(index: Index, f: (looked: Looked) => Index): Index {
  if (lookupsOf(index).length === 0) return index;
  return mapAtoms(index, (atom) => {
    if (atom.kind === "axis") return indexOf(atom);
    return f({ ...atom, index: atom.index.map((i) => mapLookups(i, f)) });
  });
}

/** Puts an index for every axis and every number that is looked up. */
function mapAtoms(index: Index, put: (atom: Axis | Lookup) => Index): Index {
  const parts = index.terms.map(({ coefficient, atom }) => {
    if (atom.kind === "axis" || atom.kind === "lookup") return scale(put(atom), coefficient);
    const of = mapAtoms(atom.of, put);
    return scale(atom.kind === "div" ? div(of, atom.by) : mod(of, atom.by), coefficient);
  });
  return add(index.constant, ...parts);
}

/** The indices that an atom is made of. */
export function partsOf(atom: Atom): readonly Index[] {
  if (atom.kind === "axis") return [];
  return atom.kind === "lookup" ? atom.index : [atom.of];
}

/** What an index looks up, each before what it is looked up by. */
export function lookupsOf(index: Index): readonly Lookup[] {
  return index.terms.flatMap(({ atom }) => {
    if (atom.kind === "axis") return [];
    const inner = partsOf(atom).flatMap(lookupsOf);
    return atom.kind === "lookup" ? [atom, ...inner] : inner;
  });
}

export function axesOf(index: Index, into: Set<Axis> = new Set()): ReadonlySet<Axis> {
  for (const { atom } of index.terms) axesUnder(atom, into);
  return into;
}

/** The axes that an atom depends on: itself, if it is one. */
export function axesUnder(atom: Atom, into: Set<Axis> = new Set()): ReadonlySet<Axis> {
  if (atom.kind === "axis") into.add(atom);
  else for (const part of partsOf(atom)) axesOf(part, into);
  return into;
}

/** The number that an index is at a point, which says what is looked up, too. */
export function indexAt({ constant, terms }: Index, point: ReadonlyMap<Atom, number>): number {
  return terms.reduce((sum, { coefficient, atom }) => {
    if (atom.kind === "axis" || atom.kind === "lookup") return sum + coefficient * (point.get(atom) ?? 0);
    const whole = Math.floor(indexAt(atom.of, point) / atom.by);
    return sum + coefficient * (atom.kind === "div" ? whole : indexAt(atom.of, point) - whole * atom.by);
  }, constant);
}

/** Whether `0 ≤ index < extent` holds everywhere. An index that is the batch axis itself, or a data set's row, is in range of N. */
export function alwaysInside({ index, extent }: Bound): boolean {
  const { low, high } = rangeOf(index);
  if (low < 0) return false;
  if (isKnown(extent)) return high < extent;
  return (
    index.constant === 0 &&
    index.terms.every((t) => t.coefficient === 1 && "extent" in t.atom && t.atom.extent === extent)
  );
}

/** The address of `index` in a row-major tensor: Horner over the extents, the outermost one unused. */
export function rowMajor(index: readonly Index[], shape: readonly Dim[]): Index {
  let address = constant(0);
  index.forEach((part, i) => {
    address = i === 0 ? part : add(scale(address, boundOf(must(shape[i], "dimension"))), part);
  });
  return address;
}
