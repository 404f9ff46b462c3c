/** Locality: how much memory neighbouring threads read, counted from the addresses. */
import type { Atom, Axis, Expr, Index } from "../ir/expr.ts";
import type { Storages } from "../ir/storage.ts";
import { boundOf } from "../ir/type.ts";
import { load, visit } from "./build.ts";
import { address } from "./layout.ts";

/** Threads looked at, and elements that a GPU reads from memory at once (32 bytes). */
const THREADS = 16;
const SECTOR = 8;

/** An axis that threads walk, `step` positions from one to the next. */
export interface Walk {
  readonly axis: Axis;
  readonly step: number;
}

/**
 * Sectors of memory that `THREADS` neighbours read in expressions, where they walk some axes, the last one fastest;
 * all others stand still. What lies under a division or remainder counts as standing still.
 */
export function sectorsOf(values: readonly Expr[], walks: readonly Walk[], storages: Storages): number {
  const addresses = new Map<Expr, Index>();
  for (const value of values)
    visit(value, (e) => {
      if (e.kind !== "load") return;
      const at = address(e.from, e.index, storages);
      addresses.set(load(e.from, [at]), at);
    });
  const sectors = new Set<string>();
  for (let thread = 0; thread < THREADS; thread++) {
    const at = placesOf(thread, walks);
    for (const [key, { terms }] of addresses) {
      const offset = terms.reduce((a, { coefficient, atom }) => a + coefficient * (at.get(atom) ?? 0), 0);
      sectors.add(`${key.id} ${Math.floor(offset / SECTOR)}`);
    }
  }
  return sectors.size;
}

/** Where the thread of a number is along each axis. */
function placesOf(thread: number, walks: readonly Walk[]): ReadonlyMap<Atom, number> {
  const at = new Map<Atom, number>();
  let rest = thread;
  for (const { axis, step } of walks.toReversed()) {
    const count = Math.ceil(boundOf(axis.extent) / step);
    at.set(axis, (rest % count) * step);
    rest = Math.floor(rest / count);
  }
  return at;
}
