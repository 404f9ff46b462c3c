/** The Try tab with models that take no picture: numbers in, tables and pictures out. */
import { beforeAll, describe, expect, test } from "vitest";
import { arrayIn, drawnNumbers, fittedTo, shortest, typedNumbers } from "../../studio/tabs/try/numbers.ts";
import { pictureOf } from "../../studio/tabs/try/outputsCard.ts";
import { drop, type Opened, studioPages } from "./page.ts";

const { open, shoot } = studioPages("numbers");

/** A .npy file of float32 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
function npy(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`
    .padEnd(117, " ")
    .concat("\n");
  const head = Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0, ...Buffer.from(header));
  return new Uint8Array(Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)]));
}

/** Two inputs, one with an open size; outputs of two forms. */
const MODEL = `
  import { add, dim, input, mean, model, mul, N } from "weftgpu";
  const T = dim("T", { max: 40 });
  const steps = input("steps", [N, T, 2]);
  const shift = input("shift", [N, 2]);
  const moved = add(steps, mean(shift));
  export default model("moves", { steps, shift }, { moved, middle: mul(mean(moved, { axis: 1 }), 2) });`;

describe("a model that takes no picture", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({
      model: MODEL,
      gpu: false,
      hash: "try",
      viewport: { width: 1280, height: 800 },
    });
  });

  test("is given drawn numbers, typed ones, and files, which say what open sizes are", async () => {
    const { page, list } = opened;
    const field = (input: string): string => `.numbers[data-input="${input}"] textarea`;
    const table = (output: string): Promise<readonly (readonly (string | null)[])[]> =>
      page
        .locator(`[data-output="${output}"] tr`)
        .evaluateAll((rows) => rows.map((row) => Array.from(row.children, (cell) => cell.textContent)));
    const status = (): Promise<string | null> => page.textContent(".panel-try .status");
    await expect.poll(status).toMatch(/ms for \d layers?/);
    expect(await page.inputValue(".numbers-card input[type=number]")).toBe("16");
    expect((await page.inputValue(field("steps"))).split(", ")).toHaveLength(32);
    expect((await table("moved")).length).toBe(10); // of 16
    await shoot(page, "drawn");

    await page.fill(field("shift"), "1, two");
    expect(await page.textContent('.numbers[data-input="shift"] [role=status]')).toBe(
      "two is no number of f32",
    );
    await page.fill(field("shift"), "1");
    expect(await page.textContent('.numbers[data-input="shift"] [role=status]')).toBe(
      "2 numbers are wanted; there is 1",
    );
    await page.fill(field("shift"), "[1 −3]"); // the mean is −1
    await drop(page, "walk.npy", npy([3, 2], [1, 2, 3, 4, 5, 6.5]));
    await expect.poll(() => page.inputValue(".numbers-card input[type=number]")).toBe("3");
    await expect
      .poll(() => table("moved"))
      .toEqual([
        ["0", "0", "1"],
        ["1", "2", "3"],
        ["2", "4", "5.5"],
      ]);
    expect(await table("middle")).toEqual([["0", "4", "6.333"]]);
    expect(await page.inputValue(field("shift"))).toBe("1, -3");

    await drop(page, "wide.npy", npy([3, 5], Array(15).fill(1)));
    await expect
      .poll(() => page.textContent(".panel-try .main [role=alert]"))
      .toMatch(/^Wide\.npy has shape|^wide\.npy has shape \[3, 5\], but the input steps is \[N, T, 2\]/);
    await drop(page, "boot.png", Uint8Array.of(1));
    await expect
      .poll(() => page.textContent(".panel-try .main [role=alert]"))
      .toBe("This model is given numbers here, and no picture");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await shoot(page, "phone");
    expect(list).toEqual([]);
  });

  test("a picture out is shown as one, and a picture in may be numbers", async () => {
    const blur = `
      import { conv2d, input, model, N } from "weftgpu";
      const x = input("x", [N, 1, 12, 12]);
      export default model("blur", { x }, { y: conv2d(x, { out: 3, kernel: 3, padding: 1 }) });`;
    const { page, list } = opened;
    await drop(page, "blur.ts", Buffer.from(blur));
    await expect.poll(() => page.url()).toMatch(/#model$/);
    await page.click("#tab-try");
    await page.waitForSelector('[data-output="y"] canvas');
    const size = await page
      .locator('[data-output="y"] canvas')
      .evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height]);
    expect(size).toEqual([12, 12]);
    expect(await page.textContent('[data-output="y"]')).toMatch(/^y \[1, 3, 12, 12\]black is .+, white is /);
    await page.click('button:has-text("As numbers")');
    await page.waitForSelector(".numbers-card");
    await page.click('button:has-text("Zeros")');
    await expect.poll(() => page.textContent('[data-output="y"]')).toMatch(/black is 0, white is 0$/); // no bias yet
    await shoot(page, "picture-out");
    await page.click('button:has-text("As a picture")');
    await page.waitForSelector(".pad");
    expect(list).toEqual([]);
  });
});

describe("numbers", () => {
  const input = { name: "x", dtype: "f32", shape: ["N", 2, 3] } as const;

  test("are typed with any separator, as many as are wanted, of the type", () => {
    expect(typedNumbers("[1, 2;\n−3e1]", 3, "f32")).toEqual(Float32Array.of(1, 2, -30));
    expect(typedNumbers("1 2", 3, "f32")).toEqual({ count: 2 });
    expect(typedNumbers("1 x 2", 3, "f32")).toEqual({ word: "x" });
    expect(typedNumbers("1 2.5 3", 3, "i32")).toEqual({ word: "2.5" });
    expect(typedNumbers("-1", 1, "u32")).toEqual({ word: "-1" });
    expect(typedNumbers("", 0, "f32")).toEqual(new Float32Array(0));
  });

  test("are shown with as few digits as say which they are", () => {
    for (const value of [0.1, 1 / 3, 16777216, -2.5e-12, 0]) {
      const float = Math.fround(value);
      expect(Math.fround(Number(shortest(float)))).toBe(float);
    }
    expect(shortest(Math.fround(0.1))).toBe("0.1");
  });

  test("are drawn alike for one seed, whole ones from 0 to 9", () => {
    expect(drawnNumbers(input, {}, 3)).toEqual(drawnNumbers(input, {}, 3));
    expect(drawnNumbers(input, {}, 3)).not.toEqual(drawnNumbers(input, {}, 4));
    const whole = drawnNumbers({ ...input, dtype: "i32", shape: [1000] }, {}, 0).data;
    expect([...new Set(whole)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("of a file are its first example; bytes are pixels", () => {
    const array = arrayIn(npy([2, 2, 3], [...Array(12).keys()]), "x.npy", "f32");
    expect(fittedTo(input, array, "x.npy").tensor).toEqual({
      shape: [1, 2, 3],
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
    });
    const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 255);
    expect(arrayIn(idx, "x.idx", "f32").data).toEqual(Float32Array.of(0, 1));
    expect(arrayIn(idx, "x.idx", "i32").data).toEqual(Int32Array.of(0, 255));
  });

  test("have the form of a picture or not", () => {
    expect(pictureOf([1, 3, 8, 9])).toEqual({ height: 8, width: 9, channels: 3 });
    expect(pictureOf([20, 30])).toEqual({ height: 20, width: 30, channels: 1 });
    expect([
      pictureOf([1, 2, 8, 8]),
      pictureOf([1, 8, 7]),
      pictureOf([3, 1, 8, 8]),
      pictureOf([100]),
    ]).toEqual(Array(4).fill(undefined));
  });
});
