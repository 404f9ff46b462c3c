/** Curves, bars and confusion matrices as they are printed and drawn. */
import pc from "picocolors";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Confusion, classResults, confusionSvg, confusionText } from "../../cli/output/confusion.ts";
import { axisTop, curveLines, type EpochPoint, niceStep } from "../../cli/output/curve.ts";
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
      expect(lines).toHaveLength(height + 3);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      expect(lines.at(-1)).toMatch(/train loss 0\.500 .*train acc 0\.700 .*test acc 0\.670$/);
      expect(lines[0]).toMatch(/^ 2\.50 ┤/);
      // Of ten epochs four are done: the right half is empty.
      for (const line of lines.slice(0, height)) expect(lit(line.slice(7 + width / 2))).toBe(0);
    }
  });

  test("one epoch is a dot for each curve; no number is no dot", () => {
    const [first] = points;
    const dots = (list: readonly EpochPoint[]): number =>
      curveLines(list, { epochs: 5, width: 79, height: 14, colors: plain })
        .slice(0, 14)
        .reduce((n, l) => n + lit(l), 0);
    expect(dots(first ? [first] : [])).toBeGreaterThanOrEqual(2);
    expect(dots([])).toBe(0);
    expect(
      dots(
        first ? [{ ...first, loss: Number.NaN, trainAccuracy: Number.NaN, testAccuracy: Number.NaN }] : [],
      ),
    ).toBe(0);
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
      const live = new Live({ epochs: 2, rows: 100, format, quiet, ui: createUi({}) });
      for (const epoch of [1, 2]) {
        live.step(epoch, 50);
        live.step(epoch, 100);
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
    expect(stderr).toContain("epoch 1/2 · 25% · … examples/s · … left");
    expect(stderr.match(/\d test acc|test acc \d/g)).toHaveLength(2);
    const erased = /\[(\d+)A.\[J/.exec(stderr); // up so many lines, and away with what follows
    const plot = stderr.slice(stderr.indexOf(" 2.50 ┤"), stderr.indexOf("test acc 0.100"));
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
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(curveSvg(points.slice(0, 1), "one")).not.toMatch(/NaN|Infinity|undefined/);
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
