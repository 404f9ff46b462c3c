/** Curves, bars and confusion matrices as they are printed and drawn. */
import pc from "picocolors";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Confusion, classResults, confusionSvg, confusionText } from "../../cli/output/confusion.ts";
import { axisTop, type EpochPoint, epochTicks, niceStep, scaleOf, tickText } from "../../cli/output/curve.ts";
import { curveLines } from "../../cli/output/curveLines.ts";
import { Live } from "../../cli/output/curveLive.ts";
import { curveSvg } from "../../cli/output/plot.ts";
import { duration } from "../../cli/progress.ts";
import { createUi } from "../../cli/ui.ts";

const points: EpochPoint[] = [2.3, 1.2, 0.7, 0.5].map((loss, i) => ({
  epoch: i + 1,
  loss,
  trainAccuracy: 0.1 + 0.2 * i,
  testAccuracy: 0.1 + 0.19 * i,
}));
const plain = pc.createColors(false);
const lit = (line: string): number => [...line].filter((c) => c > "\u2800" && c <= "\u28ff").length;

describe("the curves in the terminal", () => {
  test("fit their box, go down and up, and end with a legend", () => {
    for (const [width, height] of [
      [79, 14],
      [60, 6],
    ] as const) {
      const lines = curveLines(points, { epochs: 10, width, height, colors: plain });
      expect(lines).toHaveLength(height + 4);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      expect(lines.at(-1)).toMatch(/train loss 0\.500 .*train acc 0\.700 .*test acc 0\.670$/);
      expect(lines[0]).toMatch(/^ loss +acc$/);
      expect(lines[1]).toMatch(height > 6 ? /^ {2}2\.5 ┤.*├ 1$/ : /^ {4}4 ┤.*├ 1$/);
      // Of ten epochs four are done: the right half is empty.
      for (const line of lines.slice(1, height + 1)) expect(lit(line.slice(7 + width / 2))).toBe(0);
    }
  });

  test("one epoch is a dot for each curve; no number is no dot", () => {
    const [first] = points;
    const dots = (list: readonly EpochPoint[]): number =>
      curveLines(list, { epochs: 5, width: 79, height: 14, colors: plain })
        .slice(1, 15)
        .reduce((n, l) => n + lit(l), 0);
    expect(dots(first ? [first] : [])).toBeGreaterThanOrEqual(2);
    expect(dots([])).toBe(0);
    expect(
      dots(
        first ? [{ ...first, loss: Number.NaN, trainAccuracy: Number.NaN, testAccuracy: Number.NaN }] : [],
      ),
    ).toBe(0);
  });

  test("numbers of the axes stand where they are: those of losses on the left, of accuracies on the right", () => {
    const lines = curveLines(points, { epochs: 4, width: 79, height: 15, colors: plain });
    const rows = lines.slice(1, 16);
    const left = rows.map((l) => l.slice(0, 5).trim());
    const right = rows.map((l) => / ([\d.]+)$/.exec(l)?.[1] ?? "");
    const at = (list: readonly string[]) =>
      list.flatMap((text, row) => (text === "" ? [] : [`${row}: ${text}`]));
    // Fifths of 60 dots, four to a row.
    expect(at(left)).toEqual(["0: 2.5", "3: 2", "6: 1.5", "8: 1", "11: 0.5", "14: 0"]);
    expect(at(right)).toEqual(["0: 1", "3: 0.8", "6: 0.6", "8: 0.4", "11: 0.2", "14: 0"]);
    // The numbers of the epochs are below their columns: 2 of 4 in the middle.
    const numbers = lines.at(-2) ?? "";
    expect(numbers.trim().split(/ +/)).toEqual(["epoch", "0", "1", "2", "3", "4"]);
    const columns = (lines.at(-3) ?? "").replace(/[^─]/g, "").length;
    expect(numbers.indexOf("2") - 7).toBe(Math.floor(columns / 2));
  });

  test("where nothing is right or wrong there are losses alone, of the test set too", () => {
    const numbers = points.map((p) => ({
      ...p,
      testLoss: p.loss / 1000,
      loss: p.loss / 1e4,
      trainAccuracy: Number.NaN,
      testAccuracy: Number.NaN,
    }));
    const lines = curveLines(numbers, { epochs: 4, width: 79, height: 14, colors: plain });
    expect(lines.join("\n")).not.toContain("acc");
    expect(lines.at(-1)).toMatch(/train loss 0\.0000500 .*test loss 0\.000500$/);
    expect(lines[1]).toMatch(/^0\.0025 ┤/);
  });

  test("one epoch has a curve, of what was seen within it", () => {
    const within = [0.25, 0.5, 0.75, 1].map((epoch) => ({
      ...{ epoch, loss: 3 - epoch, trainAccuracy: epoch / 2 },
      testAccuracy: epoch < 1 ? Number.NaN : 0.6,
    }));
    const lines = curveLines(within, { epochs: 1, width: 79, height: 14, colors: plain }).slice(1, 15);
    expect(lines.reduce((n, l) => n + lit(l), 0)).toBeGreaterThan(60);
    // It begins a quarter of the way, and reaches the end.
    for (const line of lines) expect(lit(line.slice(0, 7 + 67 / 4 - 1))).toBe(0);
    expect(Math.max(...lines.map((l) => lit(l.slice(70))))).toBeGreaterThan(0);
  });

  test("scales: from 0 or below to above all values", () => {
    expect(scaleOf([], 5)).toEqual({
      bottom: 0,
      top: 1,
      ticks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((v) => expect.closeTo(v, 9)),
    });
    expect(scaleOf([0.3, Number.NaN], 2)).toMatchObject({ bottom: 0, top: 0.4 });
    expect(scaleOf([-0.2, 1.4], 5)).toMatchObject({ bottom: -0.5, top: 1.5, ticks: [-0.5, 0, 0.5, 1, 1.5] });
    expect(scaleOf([-3, -1], 5)).toMatchObject({ bottom: -3, top: 0 });
    expect(epochTicks(1, 10)).toEqual([0, 1]);
    expect(epochTicks(25, 9)).toEqual([0, 5, 10, 15, 20, 25]);
    expect([0.1 + 0.2, 0.00001, 123456, 12345678].map(tickText)).toEqual([
      "0.3",
      "0.00001",
      "123500",
      "1.2e+7",
    ]);
  });

  test("neighbours share one colour code", () => {
    const text = curveLines(points, { epochs: 4, width: 79, height: 14, colors: pc.createColors(true) }).join(
      "",
    );
    expect(text).toContain("\u001b[36m");
    expect(text.split("\u001b[").length).toBeLessThan(200);
  });

  test.each([
    [2.3, 5, 0.5],
    [1, 5, 0.2],
    [9, 10, 1],
    [99, 10, 10],
    [47, 10, 5],
  ])("axis steps: %d in %d parts is %d", (range, most, step) =>
    expect(niceStep(range, most)).toBeCloseTo(step),
  );

  test("the axis has room for accuracies and losses", () => {
    expect(axisTop([])).toBe(1);
    expect(axisTop(points)).toBe(2.5);
  });
});

describe("while a model learns", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** What is written in two epochs of 100 examples. */
  function written(terminal: boolean, format = "text", quiet = false): { stdout: string; stderr: string } {
    const texts = { stdout: "", stderr: "" };
    const before = [process.stdout.isTTY, process.stderr.isTTY];
    for (const name of ["stdout", "stderr"] as const) {
      process[name].isTTY = terminal;
      vi.spyOn(process[name], "write").mockImplementation((text) => {
        texts[name] += text;
        return true;
      });
    }
    try {
      vi.spyOn(performance, "now").mockReturnValue(1e6); // within a pause, whatever this takes
      const live = new Live({ epochs: 2, rows: 100, format, quiet, ui: createUi({}) });
      for (const epoch of [1, 2]) {
        live.step(epoch, 50, { loss: 3 / epoch, trainAccuracy: 0.05 });
        live.step(epoch, 100, { loss: 2 / epoch, trainAccuracy: 0.1 });
        live.epoch(points.slice(0, epoch), 1234.56);
      }
      live.stop();
    } finally {
      [process.stdout.isTTY, process.stderr.isTTY] = before as [boolean, boolean];
    }
    return texts;
  }

  test("a terminal has a bar, and a plot that takes the place of the last one", () => {
    const { stdout, stderr } = written(true);
    expect(stdout).toBe("");
    expect(stderr).toContain("epoch 1/2 · loss 3.000 · 25% · … examples/s · … left");
    // Drawn in the middle of the first epoch, where nothing of the test set is known, and at the end of both.
    expect(stderr.match(/train loss \d\.\d+/g)).toEqual([
      "train loss 3.000",
      "train loss 2.300",
      "train loss 1.200",
    ]);
    expect(stderr.match(/test acc \d/g)).toHaveLength(2);
    const erased = /\[(\d+)A.\[J/.exec(stderr); // up so many lines, and away with what follows
    const plot = stderr.slice(stderr.indexOf(" loss "), stderr.indexOf("train acc 0.050"));
    expect(Number(erased?.[1])).toBe(plot.split("\n").length);
  });

  test("elsewhere a line for each epoch, as text or JSON, and no control characters", () => {
    const line = "loss 2.300, train acc 0.100, test acc 0.100  1234.6 examples/sec";
    expect(written(false)).toEqual({
      stdout: `epoch 1/2  ${line}\nepoch 2/2  loss 1.200, train acc 0.300, test acc 0.290  1234.6 examples/sec\n`,
      stderr: "",
    });
    const [json] = written(false, "json").stdout.split("\n");
    expect(JSON.parse(json ?? "")).toEqual({ ...points[0], examplesPerSecond: 1234.6 });
    expect(written(true, "text", true).stderr).toBe("");
  });
});

describe("plots", () => {
  test("curves: every series a line and a legend; names are escaped", () => {
    const svg = curveSvg(points, 'a<b & "c"');
    expect(svg).toContain("a&#60;b &#38; &#34;c&#34;");
    expect(svg.match(/class="curve"/g)).toHaveLength(6);
    expect(svg).toContain("test acc 0.670");
    expect(svg).toContain("train loss, train accuracy and test accuracy over the epochs");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(curveSvg(points.slice(0, 1), "one")).not.toMatch(/NaN|Infinity|undefined/);
    expect(curveSvg([], "none")).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("losses and accuracies have axes of their own; without accuracies there is one", () => {
    const end = (svg: string): string[] => svg.match(/<circle[^>]*>/g) ?? [];
    const scaled = points.map((p) => ({ ...p, loss: 100 * p.loss }));
    // The curves of accuracies stay where they are when losses are a hundred times as large, and so does the loss's.
    expect(end(curveSvg(scaled, "a"))).toEqual(end(curveSvg(points, "a")));
    const numbers = points.map((p) => ({
      ...p,
      trainAccuracy: Number.NaN,
      testAccuracy: Number.NaN,
      testLoss: p.loss,
    }));
    const svg = curveSvg(numbers, "b");
    expect(svg.match(/class="curve"/g)).toHaveLength(4);
    expect(svg).toContain("b: train loss and test loss over the epochs");
    expect(svg).not.toContain(">acc<");
  });
});

describe("confusion", () => {
  const confusion: Confusion = [
    [1, 2, 0],
    [0, 2, 1],
    [0, 0, 0],
  ];

  test("recall, precision and the worst rival", () => {
    expect(classResults(confusion, ["a", "b", "c"])).toEqual([
      { name: "a", examples: 3, right: 1, recall: 1 / 3, precision: 1, mistakenFor: "b" },
      { name: "b", examples: 3, right: 2, recall: 2 / 3, precision: 0.5, mistakenFor: "c" },
      { name: "c", examples: 0, right: 0, recall: null, precision: 0, mistakenFor: null },
    ]);
  });

  test("as text, unless there is no room; as SVG", () => {
    const ui = createUi({});
    expect(confusionText(confusion, ["a", "b", "c"], ui)).toBe(
      ["true      0   1   2", "a     0   1   2   ·", "b     1   ·   2   1", "c     2   ·   ·   ·"].join("\n"),
    );
    const many = Array.from({ length: 40 }, () => new Array<number>(40).fill(0));
    expect(
      confusionText(
        many,
        many.map((_, i) => `${i}`),
        ui,
      ),
    ).toBeUndefined();
    const svg = confusionSvg(confusion, ["a", "<b>", "c"], "m");
    expect(svg).toContain("&#60;b&#62;");
    expect(svg.match(/<rect x/g)).toHaveLength(9);
  });
});

test.each([
  [0.4, "0 s"],
  [59, "59 s"],
  [185, "3 min 5 s"],
  [7800, "2 h 10 min"],
  [Number.POSITIVE_INFINITY, "?"],
])("%d seconds is %s", (seconds, text) => expect(duration(seconds)).toBe(text));
