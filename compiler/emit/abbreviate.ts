/**
 * A text of kernels with one character for each of its most frequent phrases. Unrolled kernels are long; shortened
 * like this, more of them are within the 32 KiB that gzip looks back (and a match of its 258 characters says more).
 * Greedy, as in grammar-based compression (Larsson & Moffat 1999, "Off-line dictionary-based compression").
 */

export interface Abbreviated {
  readonly text: string;
  /** What each character stands for, in the order in which they were introduced: later ones may hold earlier ones. */
  readonly phrases: readonly (readonly [code: string, phrase: string])[];
}

/** Printable, and in need of no escape in any kind of JavaScript string. */
const CODES = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter(
  (c) => !/["\\\d<`$#]/.test(c),
);
const LONGEST = 6;
const ROUNDS = 4;
const PER_ROUND = 10;
const CANDIDATES = 400;
/** The least number of characters that an abbreviation has to save. */
const WORTH = 12;

export function abbreviate(text: string): Abbreviated {
  const free = CODES.filter((c) => !text.includes(c)).slice(0, ROUNDS * PER_ROUND);
  const phrases: (readonly [string, string])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const candidates = frequent(text);
    for (const code of free.slice(round * PER_ROUND, (round + 1) * PER_ROUND)) {
      const phrase = best(text, candidates);
      if (phrase === undefined) break;
      text = text.split(phrase).join(code);
      phrases.push([code, phrase]);
    }
  }
  return { text, phrases };
}

/** What an abbreviation saves, its own definition deducted. */
const saving = (phrase: string, count: number): number => (count - 1) * (phrase.length - 1) - 2;

/** The phrases of a few tokens that promise most, with an upper bound of what each saves, the best first. */
function frequent(text: string): readonly (readonly [bound: number, phrase: string])[] {
  const tokens = text.match(/[A-Za-z_]+|#?\d+|[\s\S]/g) ?? [];
  const starts = [0];
  for (const token of tokens) starts.push((starts.at(-1) ?? 0) + token.length);
  const counts = new Map<string, number>();
  for (let n = 1; n <= LONGEST; n++)
    for (let i = 0; i + n <= tokens.length; i++) {
      const phrase = text.slice(starts[i], starts[i + n]);
      counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
    }
  return [...counts]
    .filter(([phrase, count]) => count > 1 && !phrase.includes("\n"))
    .map(([phrase, count]) => [saving(phrase, count), phrase] as const)
    .sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1))
    .slice(0, CANDIDATES);
}

function best(text: string, candidates: readonly (readonly [number, string])[]): string | undefined {
  let [most, found] = [WORTH, undefined as string | undefined];
  for (const [bound, phrase] of candidates) {
    if (bound <= most) break;
    const saved = saving(phrase, text.split(phrase).length - 1);
    if (saved > most) [most, found] = [saved, phrase];
  }
  return found;
}
