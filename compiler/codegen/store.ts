/** Writing a result to its place: scalars, vectors where the place is contiguous, and only what a thread owns. */
import type { Axis, Index } from "../ir/expr.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Stmt } from "../ir/stmt.ts";
import { axesOf, constant, div, rowMajor, substitute as substituteIndex } from "../math/affine.ts";
import { substitute } from "../math/build.ts";
import { type Width, wgslType } from "../ops/scalar.ts";
import type { Position } from "./threads.ts";
import type { Value, Writer } from "./writer.ts";

/** The name of the result's binding within a kernel's body. */
export const RESULT = "RESULT";

/** The address of the result at a position. */
export function resultAddress(kernel: Kernel, at: ReadonlyMap<string, Index>): Index {
  return rowMajor(
    kernel.place.map((i) => substituteIndex(i, at)),
    kernel.region.root.type.shape,
  );
}

/** Whether the lane's components are consecutive and aligned at this address. */
export function isVectorAddress(address: Index, lane: Axis): boolean {
  const width = lane.extent as number; // lanes have a known extent
  return (
    address.constant % width === 0 &&
    address.terms.every((t) =>
      t.atom.key === lane.key
        ? t.coefficient === 1
        : t.coefficient % width === 0 && !(t.atom.kind !== "axis" && axesOf(t.atom.of).has(lane.key)),
    ) &&
    address.terms.some((t) => t.atom.key === lane.key)
  );
}

export function storeResult(writer: Writer, kernel: Kernel, position: Position, outWidth: Width): void {
  const address = resultAddress(kernel, position.at);
  const value = writer.value(substitute(kernel.result, position.at));
  const statements = stores(writer, address, value, outWidth);
  if (position.owned.length === 0) for (const s of statements) writer.push(s);
  else writer.push({ kind: "if", condition: position.owned.join(" && "), body: statements });
}

function stores(writer: Writer, address: Index, value: Value, outWidth: Width): readonly Stmt[] {
  const { lane } = writer;
  const store = (at: Index, text: string): Stmt => ({
    kind: "assign",
    target: `${RESULT}[${writer.index(at).text}]`,
    op: "=",
    value: text,
  });
  if (!lane || !axesOf(address).has(lane.key)) return [store(address, value.text)];
  const width = lane.extent as Width;
  const whole = value.width === width ? value.text : `${wgslType(width)}(${value.text})`;
  if (outWidth === width)
    return [store(div(substituteIndex(address, new Map([[lane.key, constant(0)]])), width), whole)];
  const name = writer.name("out");
  writer.push({ kind: "let", name, value: whole });
  return Array.from({ length: width }, (_, l) =>
    store(substituteIndex(address, new Map([[lane.key, constant(l)]])), `${name}.${"xyzw"[l]}`),
  );
}
