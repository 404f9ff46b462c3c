/** Which threads should be neighbours where a workgroup fetches a factor: those that read neighbouring memory. */
import type { Axis } from "../ir/expr.ts";
import type { ContractionKernel, Layouts } from "../ir/kernel.ts";
import { freeAxes, visit } from "../math/build.ts";
import { address } from "../math/layout.ts";
import type { Side } from "./block.ts";

/** Threads looked at, and elements that a GPU reads from memory at once (32 bytes). */
const THREADS = 16;
const SECTOR = 8;

/** Whether fewer sectors of memory are read by neighbours at successive steps of the sum than at successive places. */
export function runsAlongSteps(kernel: ContractionKernel, side: Side, layouts: Layouts): boolean {
  const tiles = [...(side.batch ? [side.batch.tiled] : []), ...side.tiles];
  const places = tiles.map(({ axis, tile }) => ({ axis, step: tile, count: countOf(axis, tile) }));
  const steps = kernel.k.map((axis) => ({ axis, step: 1, count: countOf(axis, 1) }));
  return sectorsOf(side, steps, layouts) < sectorsOf(side, places, layouts);
}

interface Walk {
  readonly axis: Axis;
  readonly step: number;
  readonly count: number;
}

const countOf = (axis: Axis, tile: number): number =>
  axis.extent === "N" ? Number.POSITIVE_INFINITY : Math.ceil(axis.extent / tile);

/** Sectors that `THREADS` neighbours read which walk some axes, the last of them fastest. */
function sectorsOf({ factor }: Side, axes: readonly Walk[], layouts: Layouts): number {
  const free = freeAxes(factor);
  const sectors = new Set<string>();
  for (let thread = 0; thread < THREADS; thread++) {
    let rest = thread;
    const at = new Map<string, number>();
    for (const { axis, step, count } of axes.toReversed()) {
      at.set(axis.key, (rest % count) * step);
      rest = Math.floor(rest / count);
    }
    visit(factor, (e) => {
      if (e.kind !== "load") return;
      const { terms } = address(e.from, e.index, layouts);
      const offset = terms.reduce(
        (a, { coefficient, atom }) => a + coefficient * (free.has(atom.key) ? (at.get(atom.key) ?? 0) : 0),
        0,
      );
      sectors.add(`${e.from.origin.name} ${Math.floor(offset / SECTOR)}`);
    });
  }
  return sectors.size;
}
