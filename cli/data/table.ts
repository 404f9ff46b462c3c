/** Data sets in .csv files: columns of numbers, of which some, or one of classes, are what is learnt. */
import { plural, UserError } from "../../compiler/errors.ts";
import { product } from "../../data/array.ts";
import { classesIn, columnOf, numbersIn, parseCsv } from "../../data/csv.ts";
import { readBytes, shownPath } from "../files.ts";
import { type DataPart, divided, type Opened } from "./parts.ts";

export const isTable = (data: string): boolean => /\.csv$/i.test(data);

/**
 * @param label the columns that are learnt, with commas between them; undefined: the last one
 * @param names the classes that the model names
 * @throws UserError with file, line and column of what is no number or no class; where columns do not fit the model
 */
export async function openTable(
  path: string,
  label: string | undefined,
  parts: readonly DataPart[],
  names: readonly string[] | undefined,
  limit: number | undefined,
): Promise<Opened> {
  const source = shownPath(path);
  const inputs = parts.filter((part) => part.loss === undefined);
  const targets = parts.filter((part) => part.loss !== undefined);
  const [input] = inputs;
  const [target] = targets;
  if (!input || !target || parts.length > 2 || input.dtype !== "f32" || !input.batched)
    throw new UserError({
      problem: `${source} is a table, but the training reads ${parts.map((p) => p.name).join(", ")}`,
      rule: "a table is for models with one input of numbers and one target",
      fix: "--input NAME=FILE.npy --target NAME=FILE.npy, a file for each",
    });
  const table = parseCsv(new TextDecoder().decode(await readBytes(path, "the data")), source);
  const learnt = (label?.split(",") ?? table.names.slice(-1)).map((name) => columnOf(table, name.trim()));
  const others = table.names.flatMap((_, i) => (learnt.includes(i) ? [] : [i]));
  const named = (columns: readonly number[]): string => columns.map((i) => table.names[i]).join(", ");
  const width = product(input.example);
  if (others.length !== width)
    throw new UserError({
      problem: `${source} has ${others.length} ${plural(others.length, "column")} besides ${named(learnt)}, but the input ${input.name} takes ${width} ${plural(width, "number")}`,
      rule: `columns that are not learnt are the input, in their order: ${named(others.slice(0, 8))}${others.length > 8 ? ", …" : ""}`,
      fix: `input("${input.name}", [N, ${others.length}]), or --label with other columns`,
    });
  const classes = target.loss?.classes;
  const wanted = classes === undefined ? product(target.example) : 1;
  if (learnt.length !== wanted)
    throw new UserError({
      problem: `--label names ${learnt.length} ${plural(learnt.length, "column")}, but ${target.name} takes ${wanted}`,
      rule:
        classes === undefined ? "one for each number that the model gives" : "one column holds the classes",
      fix: `--label ${table.names.slice(-wanted).join(",")}`,
    });
  const found = classes === undefined ? undefined : classesIn(table, learnt[0] ?? 0, classes, names);
  const arrays = {
    [input.name]: numbersIn(table, others),
    [target.name]: found?.labels ?? numbersIn(table, learnt),
  };
  const rows = table.rows.length;
  if (rows < 2)
    throw new UserError({
      problem: `${source} has one row`,
      rule: "every sixth row, or the last one, is kept for testing",
    });
  const known = found ? (names ?? found.names) : [];
  return { name: source, ...divided({ arrays, rows }, parts, limit), classes: known, bytes: false };
}
