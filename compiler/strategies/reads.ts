/**
 * What one block of a contraction's steps reads, counted from its addresses. A register tile pays because
 * neighbouring positions read the same elements; how many distinct ones they read follows from the index alone.
 */
import type { Axis, Expr, Index } from "../ir/expr.ts";
import { inBuffer, type Storages } from "../ir/storage.ts";
import { axesUnder } from "../math/affine.ts";
import { freeAxes, load, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";

/** How a thread walks an axis: positions it holds at once, and the distance between one block of them and the next. */
export interface Stride {
  readonly count: number;
  /** 0 where the block is the whole axis. */
  readonly step: number;
}

/** Of the axes that move by more than single positions. */
export type Block = ReadonlyMap<Axis, Stride>;

/** Where a factor reads: the addresses of its loads, and for each guard the axes its value depends on. */
interface Footprint {
  readonly addresses: readonly Address[];
  readonly guards: readonly (readonly Axis[])[];
}

interface Address {
  readonly at: Index;
  /** Whether its elements are numbers in the text where the address is constant: they cost nothing. */
  readonly baked: boolean;
}

export interface Reads {
  /** Distinct elements read. */
  readonly elements: number;
  /** Loads they take where neighbours share a vector of up to four. */
  readonly vectors: number;
  /** Of the elements, those whose address is a constant: the same for all threads and all steps. */
  readonly fixed: number;
  /** Values chosen by a guard. */
  readonly guarded: number;
}

const SINGLE: Stride = { count: 1, step: 1 };

/** What a factor reads in a block. */
export type Reader = (block: Block) => Reads;

/** Blocks that differ along axes of the other factor alone are counted once. */
export function readerOf(factor: Expr, storages: Storages): Reader {
  const footprint = footprintOf(factor, storages);
  const axes = [...freeAxes(factor)];
  const known = new Map<string, Reads>();
  return (block) => {
    const key = axes.map((axis) => block.get(axis)?.count ?? 1).join();
    const found = known.get(key) ?? readsOf(footprint, block);
    known.set(key, found);
    return found;
  };
}

function footprintOf(factor: Expr, storages: Storages): Footprint {
  const addresses = new Map<Expr, Address>();
  const guards: (readonly Axis[])[] = [];
  visit(factor, (e) => {
    if (e.kind === "guard") guards.push([...freeAxes(e)]);
    if (e.kind !== "load") return;
    const at = address(e.from, e.index, storages);
    addresses.set(load(e.from, [at]), { at, baked: !inBuffer(storages, e.from) });
  });
  return { addresses: [...addresses.values()], guards };
}

/** What is read in one block. */
function readsOf({ addresses, guards }: Footprint, block: Block): Reads {
  const total = { elements: 0, vectors: 0, fixed: 0, guarded: 0 };
  for (const axes of guards) total.guarded += combinations(axes, block);
  for (const { at, baked } of addresses) {
    const { elements, vectors, moves } = spread(at, block);
    if (baked && !moves) continue;
    total.elements += elements;
    total.vectors += vectors;
    if (!moves) total.fixed += elements;
  }
  return total;
}

/** Combinations of the block's positions along some axes. */
function combinations(axes: readonly Axis[], block: Block): number {
  return axes.reduce((a, axis) => a * (block.get(axis) ?? SINGLE).count, 1);
}

/** How many distinct elements, and vectors, an address takes in one block, and whether it moves between blocks. */
function spread(at: Index, block: Block): { elements: number; vectors: number; moves: boolean } {
  let offsets: readonly number[] = [0];
  let alignment = 4;
  let opaque = 1;
  let moves = false;
  for (const { coefficient, atom } of at.terms) {
    if (atom.kind !== "axis") {
      opaque *= combinations([...axesUnder(atom)], block);
      alignment = 1;
      moves = true;
      continue;
    }
    const { count, step } = block.get(atom) ?? SINGLE;
    if (step > 0) moves = true;
    while ((coefficient * step) % alignment !== 0) alignment /= 2;
    if (count > 1) offsets = widened(offsets, coefficient, count);
  }
  const vectors = new Set(offsets.map((o) => Math.floor((o + at.constant) / alignment)));
  return { elements: offsets.length * opaque, vectors: vectors.size * opaque, moves };
}

/** Every offset moved by 0, 1 … count − 1 times a coefficient; equal ones are kept once. */
function widened(offsets: readonly number[], coefficient: number, count: number): readonly number[] {
  const all = new Set<number>();
  for (const o of offsets) for (let i = 0; i < count; i++) all.add(o + coefficient * i);
  return [...all];
}
