/** Texts for messages: the nearest name, the line that is meant. Pure, so that a page can use it. */

/** Levenshtein's distance, one row of the table at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The line an error points at, with a caret below the column. */
export function excerpt(text: string, line: number, column: number): string {
  const shown = text.split(/\r?\n/)[line - 1];
  if (shown === undefined || shown.length > 200) return "";
  const gutter = `  ${line} | `;
  const pad = shown.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `\n${gutter}${shown}\n${" ".repeat(gutter.length)}${pad}^`;
}
