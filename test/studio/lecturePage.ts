/** Reading the lecture tab from outside, and what a picture's outline has to be. */
import type { Locator } from "playwright-core";

/** The n-th table of that symbol within a section, as rows of texts. Read at once: the page is asked once, not for each cell. */
export function readTable(section: Locator, symbol: string, n = 0): Promise<readonly string[]> {
  const named = section.page().locator(`.symbol:text-is("${symbol} ")`);
  const figures = section.locator("figure.grid").filter({ has: named });
  return figures.evaluateAll((all, n) => {
    const textOf = (cell: Element): string => cell.querySelector("input")?.value ?? cell.textContent ?? "";
    const rows = [...(all[n]?.querySelectorAll("tr") ?? [])];
    return rows.map((row) => [...row.querySelectorAll("td")].map(textOf).join(" "));
  }, n);
}

/** Eight times each pixel less its eight neighbours, by plain loops: 28 × 28 bytes → 26 × 26 of −8 … 8. */
export function outlined(bytes: Uint8Array): readonly number[] {
  return Array.from({ length: 26 * 26 }, (_, i) => {
    const corner = 28 * Math.floor(i / 26) + (i % 26);
    const around = [0, 1, 2, 28, 30, 56, 57, 58].map((d) => bytes[corner + d] ?? 0);
    return (8 * (bytes[corner + 29] ?? 0) - around.reduce((a, b) => a + b, 0)) / 255;
  });
}
