/** The parity table as Markdown, aligned as Prettier would have it. */
import type { Parity } from "./measure.ts";

export interface Report {
  readonly adapter: string;
  readonly rows: readonly Parity[];
}

const BEGIN = "<!-- parity: npm run parity -- --docs -->";
const END = "<!-- /parity -->";

/** Two digits are enough to see an error's size. */
const ulps = (value: number): string =>
  value < 10 ? value.toFixed(1) : Number(value.toPrecision(2)).toString();
const absolute = (value: number): string => (value === 0 ? "0" : value.toExponential(0).replace("e+", "e"));

/** A row for each measurement, a column for each adapter and target; `*`: in last places of Σ|terms|. */
export function markdown(reports: readonly Report[]): string {
  const columns = reports.flatMap(({ adapter, rows }) =>
    [...new Set(rows.map((r) => r.target))].map((target) => ({
      header: `${adapter}, ${target}`,
      of: (like: Parity) =>
        rows.find((r) => r.target === target && r.op === like.op && r.operands === like.operands),
    })),
  );
  const lines = (reports[0]?.rows ?? []).filter((r, _, all) => r.target === all[0]?.target);
  const cells = lines.map((row) => [
    `${row.op}${row.unit === "terms" ? " \\*" : ""}`,
    row.operands,
    ...columns.map(({ of }) => {
      const found = of(row);
      return found ? `${ulps(found.ulp)} (${absolute(found.absolute)})` : "";
    }),
  ]);
  const table = [["Op", "Operands", ...columns.map((c) => c.header)], ...cells];
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((r) => [...(r[i] ?? "")].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - [...cell].length)).join(" | ")} |`;
  const rule = `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`;
  return [line(table[0] ?? []), rule, ...table.slice(1).map(line)].join("\n");
}

/** The page with its table replaced. Throws where the page has no place for it. */
export function documented(page: string, reports: readonly Report[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/numerics.md has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${markdown(reports)}\n\n${page.slice(to)}`;
}
