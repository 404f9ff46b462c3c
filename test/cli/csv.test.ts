/** Tables: cells, classes and numbers, and where in the file a mistake stands. */
import { expect, test } from "vitest";
import { classesIn, columnOf, numbersIn, parseCsv } from "../../data/csv.ts";
import { message } from "../dsl/message.ts";

const table = (text: string) => parseCsv(text, "t.csv");

test("cells may be quoted, lines end in any way, and empty lines are no rows", () => {
  const found = table('\uFEFFa, b ,kind\r\n1,2,cat\n\n"3",-4e1,"a ""big"", dog"\r\n');
  expect(found.names).toEqual(["a", "b", "kind"]);
  expect(found.rows.map((row) => row.map((cell) => cell.text))).toEqual([
    ["1", "2", "cat"],
    ["3", "-4e1", 'a "big", dog'],
  ]);
  expect(found.rows[1]?.map(({ line, column }) => [line, column])).toEqual([
    [4, 1],
    [4, 5],
    [4, 10],
  ]);
  expect([...numbersIn(found, [0, 1])]).toEqual([1, 2, 3, -40]);
  expect(classesIn(found, 2, 2)).toEqual({ labels: Uint32Array.of(1, 0), names: ['a "big", dog', "cat"] });
  expect([...classesIn(found, 2, 2, ["cat", 'a "big", dog']).labels]).toEqual([0, 1]);
  expect(classesIn(found, 0, 4)).toEqual({ labels: Uint32Array.of(1, 3), names: [] });
});

test("what is wrong stands in the file, at a line and a column", () => {
  const good = table("a,price\n1,x\n2,y\n");
  expect([
    message(() => table("")),
    message(() => table("a,b\n")),
    message(() => table("a,,c\n1,2,3\n")),
    message(() => table("a,a\n1,2\n")),
    message(() => table("1,2\n3,4\n")),
    message(() => table("a,b\n1,2\n3\n")),
    message(() => table('a,b\n1,"2\n')),
    message(() => table('a,b\n1,"2"3\n')),
    message(() => columnOf(good, "prise")),
    message(() => numbersIn(good, [0, 1])),
    message(() => numbersIn(table("a,b\n1,\n"), [1])),
    message(() => classesIn(good, 1, 1)),
    message(() => classesIn(good, 0, 2)),
    message(() => classesIn(good, 1, 2, ["x", "z"])),
  ]).toMatchInlineSnapshot(`
    [
      "t.csv has no header
      rule: the first line names the columns, and each line after it is an example",
      "t.csv has a header and no rows
      rule: the first line names the columns, and each line after it is an example",
      "t.csv:1:3: the column has no name
      rule: the first line names the columns, each once",
      "t.csv:1:3: the column a is there twice
      rule: the first line names the columns, each once",
      "t.csv:1:1: the names of the columns are numbers: 1, 2
      rule: the first line names the columns
      try:  a line before it: x1,x2",
      "t.csv:3:1: the row has 1 cell
      rule: there are 2 columns: a, b",
      "t.csv:2:3: a quote is opened and not closed
      rule: a cell that begins with " ends with "; within it a quote is written twice
      try:  the missing "",
      "t.csv:2:6: text follows a quoted cell
      rule: a cell that begins with " ends with "; within it a quote is written twice
      try:  a comma after the quote",
      "t.csv has no column "prise"
      rule: its columns are a, price
      try:  price",
      "t.csv:2:3: price is "x"
      rule: cells are numbers within ±3.4e38, with a point before the fraction
      try:  a number, or --label price if it is what is to be learnt",
      "t.csv:2:3: b is empty
      rule: cells are numbers within ±3.4e38, with a point before the fraction
      try:  a number, or --label b if it is what is to be learnt",
      "t.csv:3:3: price is "y"
      rule: the column holds 2 names, and the model has 1 class
      try:  { out: 2 } for the last layer",
      "t.csv:3:1: a is "2"
      rule: the model has 2 classes: whole numbers from 0 to 1
      try:  correct the cell",
      "t.csv:3:3: price is "y"
      rule: the classes of the model are x, z
      try:  correct the cell",
    ]
  `);
});
