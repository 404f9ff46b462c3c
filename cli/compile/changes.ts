/** What a build has changed: the kernels, by their names and their WGSL. */

/** WGSL by the kernel's name. */
export type Kernels = ReadonlyMap<string, string>;

export interface Changes {
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export function kernelsOf(
  kernels: readonly { readonly name: string; readonly wgsl: string }[],
  prefix = "",
): readonly (readonly [string, string])[] {
  const seen = new Map<string, number>();
  return kernels.map(({ name, wgsl }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [`${prefix}${name}${count > 1 ? ` (${count})` : ""}`, wgsl];
  });
}

export function changesOf(before: Kernels, now: Kernels): Changes {
  return {
    changed: [...now].flatMap(([name, wgsl]) =>
      before.has(name) && before.get(name) !== wgsl ? [name] : [],
    ),
    added: [...now.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !now.has(name)),
  };
}

/** At most so many names of a kind: it is one line. */
const MOST = 6;

/** `changed conv1_pool1; new fc1; gone fc2_softmax`, or `no kernel changed`. */
export function changesText({ changed, added, removed }: Changes): string {
  const part = (word: string, names: readonly string[]): readonly string[] => {
    if (names.length === 0) return [];
    const more = names.length > MOST ? ` and ${names.length - MOST} more` : "";
    return [`${word} ${names.slice(0, MOST).join(", ")}${more}`];
  };
  const parts = [...part("changed", changed), ...part("new", added), ...part("gone", removed)];
  return parts.join("; ") || "no kernel changed";
}
