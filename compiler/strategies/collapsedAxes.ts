/**
 * Collapsed axes: those that go through memory as one become one, so that a thread's place is found with fewer divisions and
 * loops run longer (OpenMP 5.2, section 4.4.3, "collapse"). The kernel over fewer axes has a strategy of its own.
 */
import { InternalError } from "../errors.ts";
import type { ContractionKernel, Kernel, MapReduceKernel, Schedule } from "../ir/kernel.ts";
import type { Region } from "../ir/region.ts";
import type { Storages } from "../ir/storage.ts";
import { tensorsOf } from "../math/build.ts";
import { mergeAxes } from "../math/mergeAxes.ts";
import { splitAxes } from "../math/splitAxes.ts";
import type { Strategy } from "./strategy.ts";

export interface CollapsedAxes extends Schedule {
  readonly strategy: "collapsed axes";
}

const scheduled: CollapsedAxes = {
  strategy: "collapsed axes",
  workgroup: 1,
  tile: new Map(),
  vector: null,
  together: null,
  opaque: false,
};

const collapsed = <K extends Kernel>(kind: K["kind"]): Strategy<K, CollapsedAxes> => ({
  name: "collapsed axes",
  kind,
  labels: ["collapsed axes"],

  choose({ region }, target, storages) {
    return target.vectors && merged(region, storages) ? scheduled : undefined;
  },

  // A tuner measures one dispatch at a time, and this one has no choice to make.
  trials: () => [],
  items() {
    return [[this.name]];
  },
  parse: () => scheduled,

  passes: ({ region }, _, storages) => [merged(region, storages) ?? region],

  grid: () => {
    throw inPasses();
  },
  lower: () => {
    throw inPasses();
  },
});

/** A region over fewer axes. */
function merged(region: Region, storages: Storages): Region | undefined {
  const computed = mergeAxes({ ...region, ...splitAxes(region) }, storages);
  if (!computed) return undefined;
  return { ...region, ...computed, reads: [...new Set(computed.results.flatMap((r) => tensorsOf(r.value)))] };
}

const inPasses = (): InternalError =>
  new InternalError("collapsed axes are those of another kernel, which has a strategy of its own");

export const collapsedSums = collapsed<ContractionKernel>("contraction");
export const collapsedRows = collapsed<MapReduceKernel>("mapReduce");
