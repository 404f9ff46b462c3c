/** Tables of numbers as text: comma-separated values (RFC 4180), with a header. Every cell knows its place in the file. */
import { plural, UserError } from "../compiler/errors.ts";
import { closest } from "../compiler/options.ts";

export interface Cell {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface Table {
  readonly source: string;
  /** The names of the columns, each once. */
  readonly names: readonly string[];
  /** A cell for each name. */
  readonly rows: readonly (readonly Cell[])[];
}

/** `prices.csv:17:5: problem` */
function at(
  { source }: Pick<Table, "source">,
  { line, column }: Pick<Cell, "line" | "column">,
  problem: string,
): string {
  return `${source}:${line}:${column}: ${problem}`;
}

/** What ends a cell. */
const ENDS = /[,\r\n]/g;

/** The cells of each line that is not empty. A quoted cell may hold commas, line breaks and, doubled, quotes. */
function cellsOf(text: string, source: string): readonly (readonly Cell[])[] {
  const rows: Cell[][] = [];
  let row: Cell[] = [];
  let [line, begin, i] = [1, 0, 0];
  while (i < text.length) {
    const start = { line, column: i - begin + 1 };
    let cell = "";
    const quoted = text[i] === '"';
    if (quoted) {
      for (i++; ; i++) {
        if (i >= text.length)
          throw new UserError({
            problem: at({ source }, start, "a quote is opened and not closed"),
            rule: 'a cell that begins with " ends with "; within it a quote is written twice',
            fix: 'the missing "',
          });
        if (text[i] === '"' && text[i + 1] !== '"') break;
        if (text[i] === '"') i++;
        if (text[i] === "\n") [line, begin] = [line + 1, i + 1];
        cell += text[i];
      }
      i++;
    }
    ENDS.lastIndex = i;
    const rest = (ENDS.exec(text)?.index ?? text.length) - i;
    if (quoted && rest > 0)
      throw new UserError({
        problem: at({ source }, { line, column: i - begin + 1 }, "text follows a quoted cell"),
        rule: 'a cell that begins with " ends with "; within it a quote is written twice',
        fix: "a comma after the quote",
      });
    cell = quoted ? cell : text.slice(i, i + rest).trim();
    i += rest;
    row.push({ text: cell, ...start });
    if (text[i] === ",") {
      i++;
      if (i < text.length && text[i] !== "\n" && text[i] !== "\r") continue;
      row.push({ text: "", line, column: i - begin + 1 });
    }
    if (text[i] === "\r") i++;
    if (text[i] === "\n") i++;
    [line, begin] = [line + 1, i];
    if (row.length > 1 || row[0]?.text !== "") rows.push(row);
    row = [];
  }
  return rows;
}

/** Throws `UserError`, with file, line and column: a quote that is not closed, a row of another length, a name that occurs twice. */
export function parseCsv(text: string, source: string): Table {
  const [header, ...rows] = cellsOf(text.replace(/^\uFEFF/, ""), source);
  if (!header || rows.length === 0)
    throw new UserError({
      problem: `${source} has ${header ? "a header and no rows" : "no header"}`,
      rule: "the first line names the columns, and each line after it is an example",
    });
  const names = header.map((cell) => cell.text);
  header.forEach((cell, i) => {
    const empty = cell.text === "";
    if (!empty && names.indexOf(cell.text) === i) return;
    throw new UserError({
      problem: at(
        { source },
        cell,
        empty ? "the column has no name" : `the column ${cell.text} is there twice`,
      ),
      rule: "the first line names the columns, each once",
    });
  });
  const [first] = header;
  if (first && header.every((cell) => cell.text !== "" && Number.isFinite(Number(cell.text))))
    throw new UserError({
      problem: at({ source }, first, `the names of the columns are numbers: ${names.slice(0, 4).join(", ")}`),
      rule: "the first line names the columns",
      fix: `a line before it: ${names
        .map((_, i) => `x${i + 1}`)
        .slice(0, 4)
        .join(",")}${names.length > 4 ? ",…" : ""}`,
    });
  for (const row of rows) {
    if (row.length === names.length) continue;
    const where = row[Math.min(row.length, names.length) - 1] ?? { line: 1, column: 1 };
    throw new UserError({
      problem: at({ source }, where, `the row has ${row.length} ${plural(row.length, "cell")}`),
      rule: `there are ${names.length} columns: ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`,
    });
  }
  return { source, names, rows };
}

/** The position of a column. Throws `UserError` where there is none of the name. */
export function columnOf({ source, names }: Table, name: string): number {
  const found = names.indexOf(name);
  if (found >= 0) return found;
  throw new UserError({
    problem: `${source} has no column "${name}"`,
    rule: `its columns are ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
    fix: closest(name, names) ?? names.at(-1) ?? "",
  });
}

/** The numbers of some columns, row by row. Throws `UserError` with the place of a cell that is none. */
export function numbersIn(table: Table, columns: readonly number[]): Float32Array {
  const out = new Float32Array(table.rows.length * columns.length);
  table.rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      const cell = row[column] as Cell; // one for each column
      const value = cell.text === "" ? Number.NaN : Number(cell.text);
      if (!Number.isFinite(Math.fround(value)))
        throw new UserError({
          problem: at(
            table,
            cell,
            `${table.names[column]} is ${cell.text === "" ? "empty" : JSON.stringify(cell.text)}`,
          ),
          rule: "cells are numbers within ±3.4e38, with a point before the fraction",
          fix: `a number, or --label ${table.names[column]} if it is what is to be learnt`,
        });
      out[r * columns.length + c] = value;
    });
  });
  return out;
}

/**
 * The classes of a column: their numbers where all cells are whole numbers from 0 and no names are given, else the positions of
 * names, those that are given or, in the order of the alphabet, those that occur.
 * Throws `UserError` with the place of a cell that is no class, and where there are more than `most`.
 */
export function classesIn(
  table: Table,
  column: number,
  most: number,
  given?: readonly string[],
): { readonly labels: Uint32Array; readonly names: readonly string[] } {
  const cells = table.rows.map((row) => row[column] as Cell); // one for each column
  const name = table.names[column];
  const whole = given === undefined && cells.every((cell) => /^\d+$/.test(cell.text));
  const occurring = [...new Set(cells.map((cell) => cell.text))].sort();
  const names = whole ? [] : (given ?? occurring);
  const labels = Uint32Array.from(cells, (cell) => {
    const label = whole ? Number(cell.text) : names.indexOf(cell.text);
    if (label >= 0 && label < most) return label;
    throw new UserError({
      problem: at(table, cell, `${name} is ${cell.text === "" ? "empty" : JSON.stringify(cell.text)}`),
      rule: whole
        ? `the model has ${most} ${plural(most, "class", "classes")}: whole numbers from 0 to ${most - 1}`
        : given
          ? `the classes of the model are ${given.slice(0, 12).join(", ")}${given.length > 12 ? ", …" : ""}`
          : `the column holds ${occurring.length} names, and the model has ${most} ${plural(most, "class", "classes")}`,
      fix: whole || given ? "correct the cell" : `{ out: ${occurring.length} } for the last layer`,
    });
  });
  return { labels, names };
}
