/** Writing a result to its place: scalars, vectors where the place is contiguous, and only what a thread owns. */
import type { Axis, Index, Substitution } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Storages } from "../ir/storage.ts";
import { axesOf, constant, div, substitute as substituteIndex } from "../math/affine.ts";
import { substitute } from "../math/build.ts";
import { address } from "../math/layout.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import type { Value } from "./scopes.ts";
import type { Position } from "./threads.ts";
import type { Writer } from "./writer.ts";

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

export function storeResult(writer: Writer, kernel: Kernel, position: Position, outWidth: Width): void {
  const at = resultAddress(kernel, position.at, writer.storages);
  const value = writer.value(substitute(kernel.result, position.at));
  const statements = stores(writer, at, value, outWidth);
  if (position.owned.length === 0) for (const s of statements) writer.push(s);
  else writer.push({ kind: "if", condition: position.owned.join(" && "), body: statements });
}

function stores(writer: Writer, target: Index, value: Value, outWidth: Width): readonly Stmt[] {
  const { lane } = writer;
  const store = (at: Index, text: string, wide: Width = 1): Stmt => ({
    kind: "assign",
    target: `${writer.result}[${writer.index(at).text}]`,
    op: "=",
    value: writer.stored(text, wide),
  });
  if (!lane || !axesOf(target).has(lane)) return [store(target, value.text)];
  const width = lane.extent as Width;
  const whole = value.width === width ? value.text : `${wgslType(width)}(${value.text})`;
  if (outWidth === width)
    return [store(div(substituteIndex(target, new Map([[lane, constant(0)]])), width), whole, width)];
  const name = writer.name("out");
  writer.push({ kind: "let", name, value: whole });
  return Array.from({ length: width }, (_, l) =>
    store(substituteIndex(target, new Map([[lane, constant(l)]])), `${name}.${"xyzw"[l]}`),
  );
}
