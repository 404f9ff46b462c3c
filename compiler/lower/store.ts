/** Writing a result to its place: scalars, vectors where the place is contiguous, and only what a thread owns. */
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Storages } from "../ir/storage.ts";
import type { Value, Width } from "../ir/value.ts";
import { axesOf, constant, div, substitute as substituteIndex } from "../math/affine.ts";
import { substitute } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { allOf, component, indexValue, splat } from "../math/value.ts";
import { codecs } from "../ops/codec.ts";
import type { Lowering } from "./evaluate.ts";
import type { Position } from "./threads.ts";

/** The address of the result at a position. */
export function resultAddress(kernel: Kernel, at: Substitution, storages: Storages): Index {
  return address(
    kernel.region.root,
    kernel.place.map((i) => substituteIndex(i, at)),
    storages,
  );
}

/** Whether the lane's components are consecutive and aligned at this address. */
export function isVectorAddress(at: Index, lane: Axis): boolean {
  const width = lane.extent as number; // lanes have a known extent
  return (
    at.constant % width === 0 &&
    at.terms.every((t) =>
      t.atom === lane
        ? t.coefficient === 1
        : t.coefficient % width === 0 && !(t.atom.kind !== "axis" && axesOf(t.atom.of).has(lane)),
    ) &&
    at.terms.some((t) => t.atom === lane)
  );
}

export function storeResult(lowering: Lowering, kernel: Kernel, position: Position): void {
  const at = resultAddress(kernel, position.at, lowering.storages);
  const statements = stores(lowering, at, lowering.value(substitute(kernel.result, position.at)));
  lowering.if(allOf(position.owned), () => {
    for (const s of statements) lowering.push(s);
  });
}

function stores(lowering: Lowering, target: Index, value: Value): readonly Stmt[] {
  const {
    lane,
    memories: { result },
  } = lowering;
  const { store } = codecs[result.codec ?? "f32"];
  const put = (at: Index, part: Value): Stmt => ({
    kind: "store",
    to: result,
    at: indexValue(at),
    value: store(part),
  });
  if (!lane || !axesOf(target).has(lane)) return [put(target, value)];
  const width = lane.extent as Width;
  const at = (l: number): Index => substituteIndex(target, new Map([[lane, constant(l)]]));
  const whole = splat(value, width);
  if (result.type.width === width) return [put(div(at(0), width), whole)];
  const out = lowering.let("out", whole);
  return Array.from({ length: width }, (_, l) => put(at(l), component(out, l)));
}
