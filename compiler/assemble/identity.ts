/** Which kernels are one: those whose structure, schedules and tensors' places in memory are the same. */
import type { Kernel } from "../ir/kernel.ts";
import { type Storages, typeOf } from "../ir/storage.ts";
import { roleOf } from "../lower/evaluate.ts";
import { type Describe, kernelIdentity } from "../math/identity.ts";
import type { Part } from "./module.ts";

/** Parts with equal identities have the same module, letter by letter: a deep model repeats its blocks, and each is written once. */
export function moduleIdentity(parts: readonly Part[], storages: Storages): string {
  return parts
    .map(({ kernel, schedule }) => kernelIdentity(kernel, describing(storages, kernel), schedule))
    .join("\n\n");
}

/** How a tensor lies in memory and is spelt. */
function describing(storages: Storages, { results }: Kernel): Describe {
  const overwritten = new Set(results.map((r) => r.overwrites));
  return (node) => {
    const facts = [
      roleOf(node),
      typeOf(storages, node),
      storages.get(node)?.order ?? "",
      overwritten.has(node) ? "in place" : "",
      storages.get(node)?.values ?? "",
    ];
    return facts.join(" | ");
  };
}

/** The key of a kernel in a tuning, whatever its schedule: 16 hexadecimal digits. */
export function tuningKey(kernel: Kernel, storages: Storages): string {
  return digest(kernelIdentity(kernel, describing(storages, kernel)));
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
