/** What the Train tab computes without a page: settings, data, curves, speed. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import * as w from "weftgpu";
import type { EpochPoint } from "../../cli/output/curve.ts";
import { loadModel } from "../../compiler/frontend/index.ts";
import { tallyOf } from "../../studio/tabs/train/answers.ts";
import {
  type Chosen,
  drawnShapes,
  missing,
  partOf,
  prepared,
  readIdxFiles,
  recognised,
  unpacked,
} from "../../studio/tabs/train/data.ts";
import { isFlat } from "../../studio/tabs/train/hints.ts";
import { pace } from "../../studio/tabs/train/pace.ts";
import { pixelsOf } from "../../studio/tabs/train/pixels.ts";
import { nearest, plotOf } from "../../studio/tabs/train/plot.ts";
import { quick, recipes } from "../../studio/tabs/train/recipe.ts";
import { clipOf, LECTURE, optimizerOf } from "../../studio/tabs/train/settings.ts";
import { idx } from "../cli/make.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = (name: string, bytes: Uint8Array): File => new File([Uint8Array.from(bytes)], name);

/** A small set: pictures of 2 × 2. */
function small(rows: number, labels = Array.from({ length: rows }, (_, i) => i % 3)): Chosen {
  const pixels = Array.from({ length: 4 * rows }, (_, i) => i % 256);
  return {
    trainImages: file("train-images-idx3-ubyte.gz", gzipSync(idx([rows, 2, 2], pixels))),
    trainLabels: file("train-labels-idx1-ubyte.gz", gzipSync(idx([rows], labels))),
    testImages: file("t10k-images-idx3-ubyte", idx([2, 2, 2], pixels.slice(0, 8))),
    testLabels: file("t10k-labels-idx1-ubyte", idx([2], [0, 2])),
  };
}

const classifier = (out: number, height = 2): w.Graph => {
  const image = w.input("image", [w.N, 1, height, 2]);
  return w.model("m", { image }, { y: w.linear(w.flatten(image), { out }) }).graph;
};

describe("settings", () => {
  test("become an optimiser and a bound", () => {
    expect(optimizerOf({ ...LECTURE, momentum: 0.5 })).toEqual(w.sgd({ lr: 0.9, momentum: 0.5 }));
    expect(optimizerOf({ ...LECTURE, optimizer: "adam", lr: 0.01, momentum: 0.5 })).toEqual(
      w.adam({ lr: 0.01 }),
    );
    expect(clipOf(LECTURE)).toBeUndefined();
    expect(clipOf({ ...LECTURE, clip: "norm", clipAt: 2 })).toEqual({ norm: 2 });
    expect(clipOf({ ...LECTURE, clip: "value" })).toEqual({ value: 1 });
  });
});

describe("recipes", () => {
  const of = async (name: string): Promise<w.Graph> => (await loadModel(join(root, "models", name))).graph;
  test("as many pictures as there is time for", async () => {
    const lenet = quick(await of("lenet.ts"));
    expect(lenet).toEqual({ ...LECTURE, optimizer: "adam", lr: 0.003, batch: 64, epochs: 8, limit: 6000 });
    const resnet = quick(await of("resnet18.ts"));
    expect(resnet).toEqual({ ...LECTURE, optimizer: "adam", lr: 0.001, batch: 4, epochs: 8, limit: 40 });
    const own = quick(classifier(3));
    expect([own.limit, own.batch]).toEqual([6000, 64]);
  });
  test("the lecture's are what they are for any model", () => {
    expect(recipes.lecture(classifier(3))).toEqual(LECTURE);
  });
});

describe("hints", () => {
  const points = (...losses: readonly number[]) =>
    losses.map((loss, i) => ({ epoch: i, loss, trainAccuracy: 0.1, testAccuracy: Number.NaN }));
  test("nothing was learnt", () => {
    expect(isFlat([], 10)).toBe(false);
    expect(isFlat(points(2.31, 2.309), 10)).toBe(false); // it is early
    expect(isFlat(points(2.31, 2.309, 2.308), 10)).toBe(true);
    expect(isFlat(points(2.31, 2.2, 2.31), 10)).toBe(false);
    expect(isFlat(points(0.7, 0.699, 0.698), 2)).toBe(true);
    const better = points(2.31, 2.309, 2.308).map((p) => ({ ...p, trainAccuracy: 0.2 }));
    expect(isFlat(better, 10)).toBe(false);
  });
});

describe("answers", () => {
  test("are counted, and the worst are kept", () => {
    const tally = tallyOf(3);
    tally.add([5, 1, 0, 0, 2, 9], 3, [0, 1, 2], 0);
    tally.add([4, 3, 1], 3, [0, 1, 2], 2);
    const { confusion, mistakes, rows } = tally.answers();
    expect(rows).toBe(3);
    expect(confusion).toEqual([
      [1, 0, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]);
    expect(mistakes).toEqual([
      { row: 1, label: 1, answer: 2, margin: 7 },
      { row: 2, label: 2, answer: 0, margin: 3 },
    ]);
  });
});

describe("data", () => {
  test("is known by the files' names", () => {
    const names = ["train-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte", "Test-Images.gz", "x-labels"];
    expect(names.map(partOf)).toEqual(["trainImages", "testLabels", "testImages", "trainLabels"]);
    expect(partOf("photo.png")).toBeUndefined();
    expect(missing({})).toHaveLength(4);
    const { testLabels: _, ...rest } = small(3);
    expect(missing(rest)).toEqual(["t10k-labels-idx1-ubyte.gz"]);
  });

  test("is read from four files, packed or not, and fitted to the model", async () => {
    const data = prepared(await readIdxFiles(small(6)), classifier(3), 4);
    expect(data.train).toMatchObject({ rows: 4, shape: [1, 2, 2], classes: ["0", "1", "2"] });
    expect([...data.train.images.subarray(4, 8)]).toEqual([4, 5, 6, 7]);
    expect([...data.test.labels]).toEqual([0, 2]);
    expect(prepared(await readIdxFiles(small(6)), classifier(3), 2).test.rows).toBe(1);
    const published = await readIdxFiles(small(10, [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]));
    expect([published.name, published.train.classes[9]]).toEqual(["fashion-mnist", "Ankle boot"]);
    expect(recognised(Uint8Array.of(5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3))).toBe("mnist");
    expect(recognised(Uint8Array.of(1, 2))).toBeUndefined();
  });

  test("that is wrong is an error which names the file or the sizes", async () => {
    const { testImages: _, ...rest } = small(3);
    await expect(readIdxFiles(rest)).rejects.toThrow("t10k-images-idx3-ubyte.gz is missing");
    const cut = file("cut.gz", gzipSync(idx([3], [0, 1, 2])).subarray(0, 20));
    await expect(unpacked(cut)).rejects.toThrow("cut.gz is a broken gzip file");
    await expect(
      readIdxFiles({ ...small(3), trainLabels: file("l", idx([4], [0, 1, 2, 0])) }),
    ).rejects.toThrow("train-images-idx3-ubyte.gz holds 3 pictures, but l 4 labels");
    await expect(
      readIdxFiles({ ...small(3), trainImages: file("i", Uint8Array.of(1, 2, 3, 4)) }),
    ).rejects.toThrow("i is not an IDX file");
    const data = await readIdxFiles(small(3));
    expect(() => prepared(data, classifier(2), 9)).toThrow(
      "the pictures have 3 classes, but the output of m has 2",
    );
    expect(() => prepared(data, classifier(3, 4), 9)).toThrow(
      "the examples of the files are [2, 2], but the input image of the model is [N, 1, 4, 2]",
    );
    const x = w.input("x", [2, 2]);
    expect(() => prepared(data, w.model("m", { x }, { y: w.relu(x) }).graph, 9)).toThrow(
      "m has the inputs x [2, 2] and the outputs y [2, 2]",
    );
  });

  test("is unpacked up to a size: a small file can be made to fill any memory", async () => {
    const zeros = gzipSync(new Uint8Array(3_000_000));
    await expect(unpacked(file("zeros.gz", zeros), 2)).rejects.toThrow("zeros.gz unpacks to more than 2 MB");
    expect((await unpacked(file("zeros.gz", zeros), 3)).length).toBe(3_000_000);
  });

  test("can be drawn, for LeNet", async () => {
    const { graph } = await loadModel("models/lenet.ts");
    const data = prepared(drawnShapes(20), graph, 20);
    expect([data.train.rows, data.test.rows, data.train.shape]).toEqual([20, 4, [1, 28, 28]]);
  });

  test("is shown as pictures", () => {
    const set = { images: Uint8Array.from({ length: 24 }, (_, i) => i), labels: Uint8Array.of(0), rows: 2 };
    const pixel = (shape: readonly number[], row: number): unknown =>
      [...(pixelsOf({ ...set, shape, classes: [] }, row)?.rgba.subarray(0, 4) ?? [])].join(" ");
    expect(pixel([3, 2, 2], 1)).toBe("12 16 20 255");
    expect(pixel([1, 2, 2], 1)).toBe("4 4 4 255");
    expect(pixelsOf({ ...set, shape: [4], classes: [] }, 0)).toMatchObject({ width: 2, height: 2 });
    expect(pixel([2, 2, 2], 0)).toBe("");
  });
});

describe("curves", () => {
  const point = (epoch: number, loss: number, testAccuracy = Number.NaN): EpochPoint => ({
    epoch,
    loss,
    trainAccuracy: 0.5,
    testAccuracy,
  });

  test("have their points where axes and ticks say", () => {
    const plot = plotOf([point(0.5, 4), point(1, 2, 0.5), point(2, Number.NaN, 1)], 4, 454, 252);
    // 40 … 440 are 0 … 4 epochs, 212 … 12 are 0 … 4.
    expect(plot.curves.map((c) => c?.path)).toEqual([
      "M90.0 12.0L140.0 112.0",
      "M90.0 187.0L140.0 187.0L240.0 187.0",
      "M140.0 187.0L240.0 162.0",
    ]);
    expect(plot.curves[2]?.end).toEqual([240, 162]);
    expect(plot.x.map((t) => `${t.at}=${t.text}`)).toEqual(["40=0", "140=1", "240=2", "340=3", "440=4"]);
    expect(plot.y.map((t) => t.text)).toEqual(["0", "1", "2", "3", "4"]);
    expect([nearest(plot.at, 100), nearest(plot.at, 9999), nearest([], 3)]).toEqual([0, 2, undefined]);
  });

  test("have axes before there is a point, and none for infinite figures", () => {
    const plot = plotOf([point(0.2, Infinity)], 10, 300, 300);
    expect(plot.curves.map(Boolean)).toEqual([false, true, false]);
    expect(plot.y.at(-1)?.text).toBe("1");
    expect(plot.x.map((t) => t.text)).toEqual(["0", "2", "4", "6", "8", "10"]); // as many as there is room for
  });
});

test("speed is that of the last seconds", () => {
  const speed = pace();
  expect(speed.perSecond).toBeUndefined();
  speed.add(0, 0);
  speed.add(50, 100);
  expect(speed.perSecond).toBeUndefined(); // too short to tell
  speed.add(1000, 1000);
  expect(speed.perSecond).toBe(1000);
  for (let t = 2000; t <= 6000; t += 1000) speed.add(1000 + (t - 1000) / 10, t);
  expect(speed.perSecond).toBe(100); // the fast beginning is forgotten
});
