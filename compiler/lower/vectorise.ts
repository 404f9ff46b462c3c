/**
 * Vectorising loads: which of the tensors that a kernel reads are fetched as vectors. Those whose addresses are
 * provably aligned, and fall into fewer vectors than numbers; sliding windows share their loads this way.
 */
import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Element, Memory, Value, Width } from "../ir/value.ts";
import { add, constant, div, rangeOf, scale } from "../math/affine.ts";
import { mapValues, visitValues } from "../math/statements.ts";
import { component, fetchOf, lanesOf, newMemory, partsOf, typeFor, withParts } from "../math/value.ts";
import { codecOf } from "../ops/codec.ts";

/** What is read of a memory. */
interface Notes {
  /** The widest vector that is of use: that of its vector reads, if it has any. */
  widest: Width;
  /** Largest power of two ≤ 4 that divides every variable part. */
  alignment: number;
  readonly elements: Set<Index>;
  readonly bases: Map<Index, Set<number>>;
}

export interface Vectorised {
  readonly statements: readonly Stmt[];
  /** What each memory that is fetched as vectors became. */
  readonly wide: ReadonlyMap<Memory, Memory>;
}

/**
 * Decides the vectors and puts `fetch` for every `element`. `anywhere`: vectors need not be aligned; numbers are then fetched
 * as they lie, and neighbours that a vector is made of at once.
 */
export function vectorise(statements: readonly Stmt[], anywhere = false): Vectorised {
  const wide = new Map<Memory, Memory>();
  for (const [memory, notes] of notesOf(statements)) {
    const { vectors } = codecOf(memory);
    const width = memory.writable || !vectors || (anywhere && vectors === "bound") ? 1 : widthFor(notes);
    if (width === 1) continue;
    const element = vectors === "bound" ? { type: typeFor(memory.type.scalar, width) } : { lanes: width };
    wide.set(memory, newMemory({ ...memory, ...element }));
  }
  return { statements: mapValues(statements, rewriting(wide, anywhere)), wide };
}

/** The numbers of one memory that a vector is made of; undefined where it is made otherwise. */
function neighbours(v: Value): readonly Element[] | undefined {
  if (v.kind !== "compose") return undefined;
  const elements = v.parts.filter((p) => p.kind === "element");
  const one = new Set(elements.map((e) => e.from)).size === 1;
  return one && elements.length === v.type.width ? elements : undefined;
}

function notesOf(statements: readonly Stmt[]): ReadonlyMap<Memory, Notes> {
  const all = new Map<Memory, Notes>();
  visitValues(statements, (v) => {
    const lanes = neighbours(v);
    const [first] = lanes ?? [];
    if (first && lanes?.length === 2 && isConsecutive(lanes.map((e) => e.at)))
      notesFor(all, first.from).widest = 2;
    if (v.kind === "element") note(notesFor(all, v.from), v.at);
  });
  return all;
}

function notesFor(all: Map<Memory, Notes>, memory: Memory): Notes {
  const notes = all.get(memory) ?? { widest: 4, alignment: 4, elements: new Set(), bases: new Map() };
  all.set(memory, notes);
  return notes;
}

/** Remembers an address that is read. */
function note(notes: Notes, address: Index): void {
  for (const t of address.terms) while (t.coefficient % notes.alignment !== 0) notes.alignment /= 2;
  notes.elements.add(address);
  const base = add(address, -address.constant);
  const offsets = notes.bases.get(base) ?? new Set<number>();
  offsets.add(address.constant);
  notes.bases.set(base, offsets);
}

/** The vector width that pays. */
function widthFor({ widest, alignment, elements, bases }: Notes): Width {
  for (const width of [4, 2] as const) {
    if (width > widest || alignment % width !== 0) continue;
    let vectors = 0;
    for (const offsets of bases.values())
      vectors += new Set([...offsets].map((o) => Math.floor(o / width))).size;
    if (vectors * 1.5 <= elements.size) return width;
  }
  return 1;
}

/** Puts a memory's elements, and components of them, where its numbers were meant. */
function rewriting(wide: ReadonlyMap<Memory, Memory>, anywhere: boolean): (v: Value) => Value {
  const known = new Map<Value, Value>();
  const rewrite = (v: Value): Value => {
    const done = known.get(v) ?? rewritten(v);
    known.set(v, done);
    return done;
  };
  const rewritten = (v: Value): Value => {
    if (v.kind === "element") return numberOf(wide.get(v.from) ?? v.from, v.at);
    const lanes = neighbours(v);
    const [first] = lanes ?? [];
    const whole = first && wholeVector(wide.get(first.from) ?? first.from, must(lanes, "lanes"), anywhere);
    return whole ?? withParts(v, partsOf(v).map(rewrite));
  };
  return rewrite;
}

function numberOf(memory: Memory, address: Index): Value {
  const width = lanesOf(memory);
  const { gives } = codecOf(memory);
  const lane = ((address.constant % width) + width) % width;
  const element = div(add(address, -lane), width);
  // Where a window hangs over the edge, products are formed that a guard discards; their addresses stay legal.
  return component(fetchOf(memory, rangeOf(element).high < 0 ? constant(0) : element, gives), lane);
}

/** The element that holds exactly these numbers in order, if the memory's vectors are that wide; `anywhere`: they themselves. */
function wholeVector(memory: Memory, lanes: readonly Element[], anywhere: boolean): Value | undefined {
  const width = lanesOf(memory);
  const first = must(lanes[0], "lane").at;
  if (!isConsecutive(lanes.map((e) => e.at))) return undefined;
  if (width === lanes.length && first.constant % width === 0)
    return fetchOf(memory, div(first, width), codecOf(memory).gives);
  const { vectors, gives } = codecOf(memory);
  const asTheyLie = anywhere && width === 1 && vectors === "bound" && memory.type.scalar === gives;
  return asTheyLie ? fetchOf(memory, first, gives, lanes.length as Width) : undefined; // a vector's lanes
}

function isConsecutive([first, ...rest]: readonly Index[]): boolean {
  return first !== undefined && rest.every((a, i) => add(a, scale(first, -1)) === constant(i + 1));
}
