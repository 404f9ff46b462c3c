/** Writing results to their places: scalars, vectors where the place is contiguous, and only what a thread owns. */
import { must } from "../errors.ts";
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Result } from "../ir/region.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Storages } from "../ir/storage.ts";
import type { Memory, Value, Width } from "../ir/value.ts";
import { axesOf, axesUnder, constant, div, substitute as substituteIndex } from "../math/affine.ts";
import { substitute } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { allOf, component, indexValue, splat } from "../math/value.ts";
import { codecOf } from "../ops/codec.ts";
import type { Lowering } from "./evaluate.ts";
import type { Position } from "./threads.ts";

/** The address of the result at a position. */
export function resultAddress({ root, place }: Result, at: Substitution, storages: Storages): Index {
  return address(
    root,
    place.map((i) => substituteIndex(i, at)),
    storages,
  );
}

/** Whether the lane's components are consecutive and aligned at this address. */
export function isVectorAddress(at: Index, lane: Axis): boolean {
  const width = lane.extent as number; // lanes have a known extent
  return (
    at.constant % width === 0 &&
    at.terms.every((t) =>
      t.atom === lane ? t.coefficient === 1 : t.coefficient % width === 0 && !axesUnder(t.atom).has(lane),
    ) &&
    at.terms.some((t) => t.atom === lane)
  );
}

export function storeResults(lowering: Lowering, { results }: Kernel, position: Position): void {
  lowering.wanted = results.map((r) => substitute(r.value, position.at));
  const values = lowering.wanted.map((e) => lowering.value(e));
  lowering.if(allOf(position.owned), () => {
    // A result may overwrite what another one is made of: all are computed before the first is stored.
    const fixed = results.length > 1 ? values.map((v) => lowering.let("out", v)) : values;
    const statements = results.flatMap((r, i) => {
      const at = resultAddress(r, position.at, lowering.storages);
      const to = must(lowering.memories.stored.get(r.root), "result");
      return stores(lowering, to, at, must(fixed[i], "value"));
    });
    for (const s of statements) lowering.push(s);
  });
}

function stores(lowering: Lowering, result: Memory, target: Index, value: Value): readonly Stmt[] {
  const { lane } = lowering;
  const { store } = codecOf(result);
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
