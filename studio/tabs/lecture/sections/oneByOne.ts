/** A 1×1 convolution is a matrix product for each pixel. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { oneByOne as recipe } from "../models.ts";
import { type Grid, grid, type View } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { oneAt, plain, result } from "../parts/views.ts";
import { at, floats, from, type Matrix, matrix, random, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { equation, products, type Token } from "../pure/sums.ts";
import { indexOf, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

const CHANNELS = [0, 1, 2] as const;
const OUTS = [0, 1] as const;
const SMALL = ["₀", "₁", "₂"] as const;
/** Channel c: 0 … 8, then 1 … 9, then 8 … 0. */
const PICTURE = CHANNELS.map((n) => matrix(3, 3, (r, c) => (n === 2 ? 8 - 3 * r - c : 3 * r + c + n)));
const WEIGHT = from(2, 3, [1, 0, -1, 1, 2, 1]);

export const oneByOne: Topic = {
  id: "one-by-one",
  title: { en: "One by one", zh: "1×1 卷积" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    return [scene.p(INTRODUCTION), figure, code];
  },
};

const INTRODUCTION: Words = {
  en: "A **1×1 convolution** sees one pixel and mixes its channels: the product of a matrix with the pixel’s channels, the same for every pixel. It changes the number of channels — here from 3 to 2 — and nothing else.",
  zh: "**1×1 卷积**（1×1 convolution）每次只看一个像素，把它的各个通道混合起来：也就是用同一个矩阵去乘每个像素的各通道值。它只改变通道数（这里从 3 变为 2），别的都不变。",
};

interface Mixed {
  /** Channels of the picture. */
  readonly x: readonly Matrix[];
  readonly w: Matrix;
  /** Channels of the result; none until they are known. */
  readonly y: readonly Matrix[];
}

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let now: Mixed = { x: PICTURE, w: WEIGHT, y: [] };
  let apart = Number.NaN;
  const tables = gridsOf(scene, {
    editPicture: (n, [r, c], value) =>
      change({ x: now.x.map((m, i) => (i === n ? replaced(m, r, c, value) : m)) }),
    editWeight: ([r, c], value) => change({ w: replaced(now.w, r, c, value) }),
    choose: (place) => steps.go(indexOf(place, 3)),
  });
  const sums = OUTS.map(() => line());
  const agree = h("p", { class: "remark" });
  const steps = player(scene, () => draw());
  const figure = h("div", { class: "figure" });
  const work = stage(scene, figure, ({ outputs: { mixed = [], product = [] } }) => {
    now = { ...now, y: OUTS.map((n) => from(3, 3, mixed.slice(9 * n, 9 * n + 9))) };
    apart = Math.max(...mixed.map((v, i) => Math.abs(v - (product[i] ?? Number.NaN))));
    draw();
  });
  const draw = (): void => {
    steps.draw(9);
    const place = placeOf(steps.at, 3);
    tables.draw(now, place);
    if (now.y.length === 0) return;
    for (const [n, sum] of sums.entries()) sum.draw(equationOf(now, n, place), steps.playing);
    agree.textContent = scene.say({
      en: `conv2d and matmul, two kernels: the largest difference over all pixels is ${show(apart)}.`,
      zh: `conv2d 和 matmul 是两个不同的内核：所有像素上的最大差别是 ${show(apart)}。`,
    });
  };
  const change = (part: Partial<Mixed>): void => {
    now = { ...now, ...part };
    draw();
    const data = floats(now.w);
    work.ask({
      recipe,
      inputs: { picture: floats(...now.x) },
      weights: { weight: { shape: [2, 3], data }, "conv2d1.weight": { shape: [2, 3, 1, 1], data } },
    });
  };
  const lecture = preset(scene, { en: "First example", zh: "最初的例子" }, () => {
    steps.go(0);
    change({ x: PICTURE, w: WEIGHT });
  });
  const other = preset(scene, { en: "Other numbers", zh: "换一组数" }, () =>
    change({ x: CHANNELS.map(() => random(3, 3, 0, 9)), w: random(2, 3, -2, 2) }),
  );
  figure.append(
    ...tables.elements,
    h("div", { class: "row" }, steps.element, lecture, other),
    h("div", { class: "sums" }, ...sums.map((s) => s.element)),
    agree,
    work.notice,
  );
  scene.speak(draw);
  change({});
  return { figure, code: work.code };
}

/** The channels of a pixel, as a column. */
const column = (channels: readonly Matrix[], [i, j]: Place): Matrix =>
  from(
    channels.length,
    1,
    channels.map((m) => at(m, i, j)),
  );

function equationOf({ x, w, y }: Mixed, n: number, place: Place): readonly Token[] {
  const [i, j] = place;
  const here = column(x, place);
  const terms = products(CHANNELS.map((c) => [at(here, c, 0), at(w, n, c)]));
  return equation(`Y${SMALL[n] ?? ""}[${i}, ${j}]`, terms, at(column(y, place), n, 0));
}

interface Events {
  readonly editPicture: (channel: number, place: Place, value: number) => void;
  readonly editWeight: (place: Place, value: number) => void;
  readonly choose: (place: Place) => void;
}

/** The channels of picture and result, and the product of weight and pixel. */
function gridsOf(
  scene: Scene,
  { editPicture, editWeight, choose }: Events,
): { readonly elements: readonly HTMLElement[]; draw(now: Mixed, place: Place): void } {
  const inputs = CHANNELS.map((n) =>
    grid(scene, {
      symbol: `X${SMALL[n]}`,
      name: { en: `channel ${n}`, zh: `通道 ${n}` },
      look: "tone-x small",
      edit: (place, value) => editPicture(n, place, value),
    }),
  );
  const outputs = OUTS.map((n) =>
    grid(scene, {
      symbol: `Y${SMALL[n]}`,
      name: { en: `output ${n}`, zh: `输出 ${n}` },
      look: "tone-y small",
      choose,
    }),
  );
  const small = (symbol: string, name: Words, tone: string, edit?: Events["editWeight"]): Grid =>
    grid(scene, { symbol, name, look: `tone-${tone} small`, ...(edit && { edit }) });
  const weight = small("W", { en: "weight", zh: "权重" }, "k", editWeight);
  const pixel = small("x", { en: "pixel", zh: "像素" }, "x");
  const mixed = small("y", { en: "output", zh: "输出" }, "y");
  const pile = (grids: readonly Grid[]): HTMLElement =>
    h("div", { class: "pile" }, ...grids.map((g) => g.element));
  return {
    elements: [
      equationRow(pile(inputs), "→", pile(outputs)),
      h("div", { class: "column" }, equationRow(weight.element, "·", pixel.element, "=", mixed.element)),
    ],
    draw({ x, w, y }, place) {
      for (const [n, view] of inputs.entries()) view.draw(inputView(x[n] ?? from(3, 3, []), place));
      for (const [n, view] of outputs.entries()) view.draw(result(y[n], 3, 3, place));
      weight.draw(plain(w));
      pixel.draw(plain(column(x, place)));
      mixed.draw(plain(y.length > 0 ? column(y, place) : from(2, 1, [])));
    },
  };
}

/** A channel with the pixel that is mixed. */
function inputView(m: Matrix, place: Place): View {
  const [i, j] = place;
  return {
    ...m,
    cell: (r, c) => ({ value: at(m, r, c), look: r === i && c === j ? "tap" : "" }),
    frame: oneAt(place),
  };
}
