/** One way to break Weft on purpose, as data, and what has to notice. */

/** Tests that guard a place: a file, and which of its tests where not all. */
export interface Guard {
  /** From the repository's root. */
  readonly file: string;
  /** Matches the full names of the tests that are run; default all. */
  readonly only?: string;
}

export interface Mutation {
  /** What is broken, in a few words; unique. */
  readonly name: string;
  /** From the repository's root. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  /** Stands in its place. */
  readonly put: string;
  /** Run in this order, the cheapest first, until one fails. */
  readonly guards: readonly Guard[];
  /** What a user would meet. */
  readonly why: string;
  /** Why no test can notice: the program means the same. */
  readonly equivalent?: string;
}

/** The file's text with the mutation in it. Throws where the text to be replaced does not occur exactly once. */
export function mutated({ name, file, find, put }: Mutation, text: string): string {
  const count = text.split(find).length - 1;
  if (count !== 1 || find === put)
    throw new Error(`"${name}": in ${file} its text occurs ${count} times, not once:\n${find}`);
  return text.replace(find, () => put);
}

export const guard = (file: string, only?: string): Guard => ({
  file: `test/${file}.test.ts`,
  ...(only === undefined ? {} : { only }),
});

/** What mutations of one file share is written once. */
type Entry = Omit<Mutation, "file">;

export const inFile = (file: string, entries: readonly Entry[]): readonly Mutation[] =>
  entries.map((entry) => ({ file, ...entry }));
