/** Terms of a reduction as a sheet of rows and columns, a slice at a time. Pure. */
import type { Reduction, Term } from "../../../../compiler/report/explain.ts";

/** How terms are laid out: `rows` × `columns` of them are one sheet, and there are as many sheets as there are slices. */
export interface Sheet {
  readonly rows: number;
  readonly columns: number;
  readonly slices: number;
}

/** What has one axis is broken into rows where it is longer. */
const LONG = 24;

/** The last two axes that have an extent are a sheet's rows and columns. */
export function sheetOf({ axes, count }: Reduction): Sheet {
  const extents = axes.map((a) => a.extent).filter((extent) => extent > 1);
  const [rows = 1, columns = 1] = extents.length > 1 ? extents.slice(-2) : [1, ...extents];
  if (rows === 1 && columns > LONG) {
    const wide = Math.ceil(Math.sqrt(columns));
    return { rows: Math.ceil(columns / wide), columns: wide, slices: 1 };
  }
  return { rows, columns, slices: Math.max(1, count / (rows * columns)) };
}

/** The slice that a term is on. */
export const sliceAt = ({ rows, columns }: Sheet, term: number): number =>
  Math.floor(term / (rows * columns));

/** The terms of a slice. */
export function termsOn({ rows, columns }: Sheet, slice: number, terms: readonly Term[]): readonly Term[] {
  const size = rows * columns;
  return terms.slice(slice * size, (slice + 1) * size);
}

/** The tensors that the factors of terms are read from, by position; `""` of what is computed. */
export function sourcesOf(terms: readonly Term[]): readonly string[] {
  const most = Math.max(0, ...terms.map((t) => t.factors.length));
  return Array.from({ length: most }, (_, i) => {
    const names = new Set(terms.flatMap((t) => t.factors[i]?.element?.node.origin.name ?? []));
    return names.size === 1 ? ([...names][0] ?? "") : "";
  });
}

/** What the first `count` terms come to. */
export function partOf({ op }: Reduction, terms: readonly Term[], count: number): number {
  const values = terms.slice(0, count).map((t) => t.value);
  switch (op) {
    case "sum":
      return values.reduce((a, b) => a + b, 0);
    case "prod":
      return values.reduce((a, b) => a * b, 1);
    case "max":
      return Math.max(...values);
    case "min":
      return Math.min(...values);
  }
}
