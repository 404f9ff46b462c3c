/**
 * Schedules: how a kernel is tiled on a target. Rules are tried in order; each either returns a schedule or
 * passes, and the last one is always legal. Numbers of a target stand in one record.
 */
import type { Kernel, Layouts, MapReduceKernel, MapReduceSchedule, Schedule } from "../ir/kernel.ts";
import { freeAxes, visit } from "../math/build.ts";
import { scheduleStaged } from "./stage.ts";
import { extentOf, type Target, vectorOver, vectorWidth } from "./target.ts";
import { scheduleContraction } from "./tile.ts";

export function schedule(kernel: Kernel, target: Target, layouts: Layouts): Schedule {
  if (kernel.kind === "mapReduce") return scheduleMapReduce(kernel, target);
  return scheduleStaged(kernel, target) ?? scheduleContraction(kernel, target, layouts);
}

/** Reductions longer than this are loops: axes they do not depend on are walked inside the thread that ran them. */
const SHORT = 16;

function scheduleMapReduce(kernel: MapReduceKernel, target: Target): MapReduceSchedule {
  const depends = new Set<string>();
  let reduces = false;
  visit(kernel.result, (e) => {
    if (e.kind !== "reduce") return;
    reduces = true;
    if (e.axes.reduce((a, x) => a * extentOf(x), 1) <= SHORT) return;
    for (const key of freeAxes(e).keys()) depends.add(key);
    depends.add("");
  });
  const serial =
    depends.size > 0
      ? kernel.space.filter((a) => !depends.has(a.key) && a.extent !== "N").map((a) => a.key)
      : [];
  const last = kernel.space.at(-1);
  const inner = last && (serial.includes(last.key) || !reduces) ? last : undefined;
  return {
    kind: "mapReduce",
    workgroup: target.workgroup,
    serial,
    vector: vectorOver(inner, vectorWidth(inner)),
    opaque: target.opaque,
    rule: serial.length > 0 ? "a thread per row" : "a thread per position",
  };
}
