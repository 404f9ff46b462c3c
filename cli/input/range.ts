/** `--index 3`, `--index 0:16`, `--index :16`, `--index 100:`, `--index 1,5,9:12`. */
import { UserError } from "../../compiler/errors.ts";

/** @throws UserError where the text is no range or leaves 0 … count − 1 */
export function parseIndex(text: string, count: number, source: string): readonly number[] {
  const picked: number[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(?:(\d+)|(\d*):(\d*))\s*$/.exec(part);
    if (match === null)
      throw new UserError({
        problem: `--index ${JSON.stringify(text)} is not a list of positions`,
        rule: "a position is a number from 0; a range is FROM:TO without TO itself; commas separate several",
        fix: "write --index 3, --index 0:16 or --index 1,5,9:12",
      });
    const [, single, from, to] = match;
    const first = Number(single ?? (from || 0));
    const end = single === undefined ? (to ? Number(to) : count) : first + 1;
    if (end > count || first >= end)
      throw new UserError({
        problem: `--index ${part.trim()} picks nothing or more than there is in ${source}`,
        rule:
          count === 1
            ? "it holds 1 example, at position 0"
            : `it holds ${count} examples, at positions 0 to ${count - 1}`,
      });
    for (let i = first; i < end; i++) picked.push(i);
  }
  return picked;
}
