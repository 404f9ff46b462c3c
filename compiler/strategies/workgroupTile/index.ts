/**
 * Workgroup tile: the threads of a workgroup fetch some steps of both factors together into workgroup memory, and read from
 * there. `rule.ts` says which block of threads, and which register tiles.
 */

import { WORKGROUP_BYTES } from "../../../contract/limits.ts";
import type { ContractionKernel } from "../../ir/kernel.ts";
import { accumulate, finish } from "../../lower/contraction.ts";
import { fitsTile } from "../contraction.ts";
import type { Strategy } from "../strategy.ts";
import { vectorOver, vectorWidth } from "../target.ts";
import { parseCount, parseSizes, parseWord, printSizes } from "../text.ts";
import { blockGrid, placeBlock, type Stage, type WorkgroupTile } from "./block.ts";
import { fits, type Tiling, tilings, wholeTiling } from "./rule.ts";
import { walkBlocks } from "./stage.ts";

export const workgroupTile: Strategy<ContractionKernel, WorkgroupTile> = {
  name: "workgroup tile",
  kind: "contraction",
  labels: ["workgroup tile", "register tile", "K", "staged", "innermost"],

  choose(kernel, target) {
    const tiling = wholeTiling(kernel, target);
    return tiling && scheduled(kernel, tiling);
  },

  trials(kernel, target) {
    return [...tilings(kernel, target)].map((tiling) => ({
      schedule: scheduled(kernel, tiling),
      cost: tiling.cost,
    }));
  },

  items(kernel, { stage, tile }) {
    const { rows, batch, columns, depth, inner } = stage;
    return [
      [this.name, printSizes(batch > 1 ? [batch, rows, columns] : [rows, columns])],
      ["register tile", printSizes(kernel.space.map((a) => tile.get(a) ?? 1))],
      ["K", depth],
      ["staged", "lhs+rhs"],
      ["innermost", inner],
    ];
  },

  parse(kernel, said) {
    const threads = parseSizes(said.get(this.name));
    const tile = parseSizes(said.get("register tile"));
    const depth = parseCount(said.get("K"), WORKGROUP_BYTES);
    const inner = parseWord(said.get("innermost"), ["rows", "columns"]);
    if (!threads || threads.length < 2 || threads.length > 3 || !tile || !depth || !inner) return undefined;
    if (said.get("staged") !== "lhs+rhs" || !fitsTile(kernel, tile)) return undefined;
    const [batch = 1, rows = 1, columns = 1] = threads.length === 3 ? threads : [1, ...threads];
    const sizes = new Map(
      kernel.space.flatMap((a, i) => (tile[i] === 1 ? [] : [[a, tile[i] ?? 1] as const])),
    );
    const stage: Stage = { rows, batch, columns, depth, inner };
    return fits(kernel, sizes, stage) ? scheduled(kernel, { stage, tile: sizes }) : undefined;
  },

  grid: blockGrid,

  lower(lowering, { thread }, kernel, schedule, vector) {
    const block = placeBlock(lowering, thread, kernel, schedule, vector);
    const accumulation = accumulate(lowering, kernel, block.held, vector);
    walkBlocks(lowering, kernel, schedule, block, accumulation);
    finish(lowering, kernel, accumulation, block.busy);
  },
};

function scheduled(
  kernel: ContractionKernel,
  { stage, tile }: Pick<Tiling, "stage" | "tile">,
): WorkgroupTile {
  const columns = kernel.n.at(-1);
  return {
    strategy: "workgroup tile",
    workgroup: stage.rows * stage.batch * stage.columns,
    tile,
    vector: vectorOver(columns, vectorWidth(columns)),
    stage,
    together: "workgroup",
    opaque: false,
  };
}
