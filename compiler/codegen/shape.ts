/** What the text of a kernel depends on, with names that differ from kernel to kernel numbered in order of appearance. */

import type { Axis } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import type { Kernel, Layouts } from "../ir/kernel.ts";
import { isBytes } from "./bindings.ts";
import type { Part } from "./emit.ts";

/**
 * Equal keys mean equal WGSL: a deep model repeats its blocks, and each distinct kernel is written once. (Kernels of
 * the same text may have different keys; they are told apart for nothing.)
 */
export function keyOf(parts: readonly Part[], layouts: Layouts): string {
  return parts.map((part) => keyOfPart(part, layouts)).join("\n\n");
}

function keyOfPart({ kernel, schedule, inPlace }: Part, layouts: Layouts): string {
  const plan = JSON.stringify(schedule, (_, value) => (value instanceof Map ? [...value] : value));
  return keyOfKernel(kernel, inPlace, layouts, plan);
}

/** What a kernel computes and how its tensors lie in memory, whatever its schedule: equal keys can be tiled equally. */
export function keyOfKernel(
  kernel: Kernel,
  inPlace: Node | undefined,
  layouts: Layouts,
  schedule = "",
): string {
  const tensor = (node: Node): string =>
    `${elementRole(node)}:${node.type.dtype}[${node.type.shape}]${layouts.get(node) ?? ""}${isBytes(node) ? "bytes" : ""}${layouts.halves?.has(node) ? "f16" : ""}${node === inPlace ? "!" : ""}`;
  const axes = (list: readonly Axis[]): string => list.map((a) => `${a.key}<${a.extent}`).join(" ");
  const lines = [
    kernel.kind,
    axes(kernel.space),
    kernel.place.map((i) => i.key).join(),
    kernel.result.key,
    schedule,
  ];
  if (kernel.kind === "contraction")
    lines.push(axes(kernel.window), axes(kernel.k), axes(kernel.axes), kernel.lhs.key, kernel.rhs.key);
  const numbers = new Map<string, number>();
  const numbered = lines.join("\n").replace(/\b(t|[\p{L}\d_]*\.)(\d+)(?![\p{L}\d])/gu, (whole, stem) => {
    const number = numbers.get(whole) ?? numbers.size;
    numbers.set(whole, number);
    return `${stem}${number}`;
  });
  const baked = kernel.region.reads.flatMap((node) => {
    const values = layouts.baked?.get(node);
    return values ? [`${tensor(node)}=${values}`] : [];
  });
  return [...kernel.reads.map(tensor), ...baked, tensor(kernel.region.root), numbered].join("\n");
}

/** `weight`, `bias`, or nothing: variables are named after it. */
function elementRole(node: Node): string {
  return node.origin.name.split(".")[1] ?? "";
}

/** The key of a kernel in a tuning: 16 hexadecimal digits. */
export function tuningKey(kernel: Kernel, inPlace: Node | undefined, layouts: Layouts): string {
  return digest(keyOfKernel(kernel, inPlace, layouts));
}

/** Two hashes of 32 bits as 16 hexadecimal digits (FNV-1a; Fowler, Noll & Vo), the second one over rotated words. */
function digest(text: string): string {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(((b << 13) | (b >>> 19)) ^ c, 0x85ebca6b);
  }
  return [a, b].map((h) => (h >>> 0).toString(16).padStart(8, "0")).join("");
}
