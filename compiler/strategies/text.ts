/**
 * Schedules as text: `workgroup tile 16×16, register tile 1×8×4, K 16, staged lhs+rhs`. Items are separated by commas, each a
 * label and, mostly, a value; sizes stand in the order of the kernel's axes. What is printed parses back.
 */
export type Items = readonly (readonly [label: string, value?: string | number])[];

/** What a text says, by label. */
export type Said = ReadonlyMap<string, string>;

export function printItems(items: Items): string {
  return items.map(([label, value]) => (value === undefined ? label : `${label} ${value}`)).join(", ");
}

/** Undefined where a text says something that is none of the labels, or something twice. */
export function parseItems(text: string, labels: readonly string[]): Said | undefined {
  const longest = labels.toSorted((a, b) => b.length - a.length);
  const said = new Map<string, string>();
  for (const item of text.split(", ")) {
    const label = longest.find((l) => item === l || item.startsWith(`${l} `));
    if (label === undefined || said.has(label)) return undefined;
    said.set(label, item.slice(label.length + 1));
  }
  return said;
}

export const printSizes = (sizes: readonly number[]): string => sizes.join("×");

/** Whole numbers of at least 1; undefined where there is anything else. */
export function parseSizes(value: string | undefined): readonly number[] | undefined {
  if (value === undefined || !/^[1-9]\d*(×[1-9]\d*)*$/.test(value)) return undefined;
  return value.split("×").map(Number);
}

/** One whole number of at least 1, and at most `most`. */
export function parseCount(value: string | undefined, most: number): number | undefined {
  const [count, ...others] = parseSizes(value) ?? [];
  return count !== undefined && others.length === 0 && count <= most ? count : undefined;
}

/** One of some words. */
export function parseWord<W extends string>(value: string | undefined, words: readonly W[]): W | undefined {
  return words.find((w) => w === value);
}
