/**
 * Every operator of the table on many drawn cases, beside onnxruntime: `npm run onnx -- --runs 200`. With `--write` the table of
 * docs/onnx.md is what has passed; `--op Conv` tries one operator, `--seed` draws others.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { closeDevice } from "../oracle/weft.ts";
import { caseOf } from "./cases/draw.ts";
import { atImport, cases } from "./cases/index.ts";
import { tryCase } from "./run.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    op: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

interface Line {
  readonly op: string;
  readonly uses: readonly string[];
  readonly equal: number;
  readonly refused: number;
  readonly wrong: number;
}

async function lineOf(op: string): Promise<Line> {
  const draw = cases[op];
  if (!draw) throw new Error(`no cases of ${op}`);
  const drawn = fc.sample(fc.tuple(caseOf(op, draw), fc.nat()), {
    numRuns: Number(values.runs),
    seed: Number(values.seed),
  });
  const uses = new Set<string>();
  const counts = { equal: 0, refused: 0, invalid: 0, wrong: 0 };
  for (const [each, seed] of drawn) {
    const outcome = await tryCase(each, seed);
    counts[outcome.kind]++;
    if (outcome.kind === "equal") for (const name of outcome.uses) uses.add(name);
    if (outcome.kind === "wrong") console.log(`${op}: ${JSON.stringify(each)} ${seed}\n${outcome.reason}`);
  }
  console.log(
    `${op}: ${counts.equal} equal, ${counts.refused} refused, ${counts.invalid} that onnxruntime does not take, ${counts.wrong} wrong`,
  );
  return { op, uses: [...uses].toSorted(), ...counts };
}

const START = "<!-- the table: npm run onnx -- --write -->\n\n";
const END = "\n<!-- the table's end -->";

const HEAD = ["Operator", "Is made of", "Cases", "Refused"];
const cellsOf = (row: string): readonly string[] =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

/** Rows of cells with columns as wide as their widest; numbers are at the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  const isNumber = (c: number): boolean => c >= 2;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const [head = [], ...body] = rows.map((row) =>
    row.map((cell, c) => (isNumber(c) ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0))),
  );
  const rule = widths.map((width, c) => (isNumber(c) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [HEAD.map((cell, c) => cell.padEnd(head[c]?.length ?? 0)), rule, ...body].map(line).join("\n");
}

/** The table as docs/onnx.md has it: rows of operators that were not tried now stay as they are. */
function tableOf(lines: readonly Line[], before: string): string {
  const rows = new Map(
    before
      .split("\n")
      .slice(2)
      .map((row) => [cellsOf(row)[0] ?? "", cellsOf(row)]),
  );
  for (const { op, uses, equal, refused } of lines) {
    const made = uses.length > 0 ? uses.map((name) => `\`${name}\``).join(" ") : "nothing: it is gone";
    rows.set(op, [op, made, `${equal}`, refused === 0 ? "" : `${refused}`]);
  }
  for (const op of atImport) rows.set(op, [op, "known at import, or written out", "", ""]);
  const known = [...rows].filter(([op]) => Object.hasOwn(cases, op) || atImport.includes(op));
  return aligned([HEAD, ...known.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)]);
}

const lines: Line[] = [];
for (const op of values.op === undefined ? Object.keys(cases) : values.op.split(","))
  lines.push(await lineOf(op));
await closeDevice();
const wrong = lines.filter((l) => l.wrong > 0);
console.log(
  `${lines.length} operators, ${lines.reduce((sum, l) => sum + l.equal, 0)} cases equal, ${wrong.length === 0 ? "none" : wrong.map((l) => l.op).join(", ")} wrong`,
);
if (values.write) {
  const path = "docs/onnx.md";
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < 0) throw new Error(`${path} has no place for the table`);
  writeFileSync(
    path,
    `${text.slice(0, from + START.length)}${tableOf(lines, text.slice(from + START.length, to).trim())}\n${text.slice(to)}`,
  );
}
process.exit(wrong.length === 0 ? 0 : 1);
