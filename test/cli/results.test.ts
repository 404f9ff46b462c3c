/** How `weft run` and errors are laid out: columns, widths, terminals. */
import pc from "picocolors";
import { afterEach, describe, expect, test, vi } from "vitest";
import { reportFailure } from "../../cli/failure.ts";
import type { Batch } from "../../cli/input/read.ts";
import { showClasses, showNumbers, type Tensor } from "../../cli/output/results.ts";
import { columnsOf, type Ui } from "../../cli/ui.ts";
import { UserError } from "../../compiler/errors.ts";
import { targetOf } from "../../data/array.ts";

afterEach(() => void vi.restoreAllMocks());

/** What is printed; `width` where lines are cut. */
function printed(print: (ui: Ui) => void, width?: number): readonly string[] {
  const lines: string[] = [];
  const nothing = (): void => undefined;
  const out = (text: string): void => void lines.push(text);
  const colors = pc.createColors(false);
  print({ colors, width: width ?? 80, cuts: width !== undefined, out, note: nothing, detail: nothing });
  return lines;
}

const tensor = (shape: readonly number[], values: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from(values),
});
const counted = (n: number): readonly number[] => [...Array(n).keys()];

describe("numbers", () => {
  test("stand in columns and never touch, of any magnitude", () => {
    const values = [0.5, -0.0123456, -1.23456e-7, 1, -123456789, -332373500];
    expect(printed((ui) => showNumbers("x", tensor([2, 3], values), ui))).toEqual([
      "x [2, 3]",
      "     0.50000   -0.012346  -1.2346e-7",
      "           1  -123456792  -332373504",
    ]);
    const odd = [Number.NaN, Number.NEGATIVE_INFINITY, 3.4e38, -1e-45];
    for (const row of printed((ui) => showNumbers("x", tensor([4], odd), ui)).slice(1))
      expect(row.trim().split(/\s+/)).toEqual(["NaN", "-Infinity", "3.4000e+38", "-1.4013e-45"]);
  });

  test("small ones keep their columns of nine", () => {
    expect(printed((ui) => showNumbers("x", tensor([2, 2], [19, 25, 37, 43]), ui))).toEqual([
      "x [2, 2]",
      "       19       25",
      "       37       43",
    ]);
  });

  test("rows are whole in a pipe, and fit where the width is known", () => {
    const row = tensor([1, 20], counted(20));
    expect(
      printed((ui) => showNumbers("x", row, ui))[1]
        ?.trim()
        .split(/\s+/),
    ).toEqual(counted(20).map(String));
    expect(printed((ui) => showNumbers("x", row, ui), 80)[1]).toBe(
      "        0        1        2        3        4        5        6  … 13 more",
    );
    for (const width of [40, 50, 80, 120])
      for (const line of printed((ui) => showNumbers("x", row, ui), width))
        expect(line.length).toBeLessThanOrEqual(width);
  });

  test("rows beyond the eighth are counted, an empty output is none", () => {
    expect(printed((ui) => showNumbers("x", tensor([10, 1], counted(10)), ui)).at(-1)).toBe(
      "  … 2 more rows",
    );
    expect(printed((ui) => showNumbers("x", tensor([0, 3], []), ui))).toEqual(["x [0, 3]"]);
  });
});

describe("classes", () => {
  const target = targetOf({ name: "image", dtype: "f32", shape: ["N", 1, 28, 28] });
  const titles = [`a/${"long/".repeat(12)}one.png`, "two.png"];
  const batch: Batch = { target, shape: [2, 1, 28, 28], data: new Float32Array(2 * 784), titles };
  const shares = tensor([2, 3], [0.5, 0.25, 0.25, 0, 0.125, 0.875]);
  const options = {
    scores: { count: 3, names: ["cat", "dog", "a class with a very long name"], shares: true },
    labels: undefined,
    pictures: false,
  };

  test("names are whole in a pipe", () => {
    const lines = printed((ui) => showClasses(batch, shares, { ...options, top: undefined }, ui));
    expect(lines).toEqual([
      `${titles[0]} cat                            ███     50.0%`,
      `${"two.png".padEnd(titles[0]?.length ?? 0)} a class with a very long name  █████▎  87.5%`,
    ]);
  });

  test("--top goes with --no-pictures", () => {
    const lines = printed((ui) => showClasses(batch, shares, { ...options, top: 2 }, ui));
    expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
      `${titles[0]} cat`,
      "dog",
      "two.png",
      "dog",
    ]);
    expect(lines).toHaveLength(4);
  });

  test("titles are cut where the width is known", () => {
    const [line = ""] = printed((ui) => showClasses(batch, shares, { ...options, top: 1 }, ui), 80);
    expect(line).toMatch(/^…\S{39} cat /);
    expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("the width", () => {
  test("is the terminal's, else what COLUMNS says, else unknown", () => {
    expect(columnsOf({ isTTY: true, columns: 132 }, { COLUMNS: "60" })).toBe(132);
    expect(columnsOf({}, { COLUMNS: "60" })).toBe(60);
    for (const COLUMNS of [undefined, "", "0", "-3", "wide"])
      expect(columnsOf({}, { COLUMNS })).toBeUndefined();
  });

  test("of a terminal is kept by errors; in a pipe their lines stay whole", () => {
    const error = new UserError({
      problem: "one two three four five six seven eight nine ten",
      rule: "in = the last dimension, but 400 is not 3456 as was said before",
      fix: "in: 3456",
    });
    const text = (isTTY: boolean): string => {
      let all = "";
      vi.spyOn(process.stderr, "write").mockImplementation((part) => {
        all += part;
        return true;
      });
      vi.stubEnv("NO_COLOR", "1");
      const kept = { isTTY: process.stderr.isTTY, columns: process.stderr.columns };
      Object.assign(process.stderr, { isTTY, columns: 40 });
      try {
        expect(reportFailure(error)).toBe(1);
      } finally {
        Object.assign(process.stderr, kept);
        vi.unstubAllEnvs();
      }
      return all;
    };
    expect(text(true)).toBe(`error: one two three four five six seven
  eight nine ten
  rule: in = the last dimension, but 400
        is not 3456 as was said before
  try:  in: 3456
`);
    expect(text(false)).toBe(`error: ${error.message}\n`);
  });
});
