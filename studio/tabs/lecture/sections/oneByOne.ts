/** A 1×1 convolution is a matrix product for each pixel. */
import { h } from "../../../dom.ts";
import { oneByOne as recipe } from "../models.ts";
import { type Grid, grid } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { at, floats, from, type Matrix, matrix, random, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { equation, products, type Token } from "../pure/sums.ts";
import { indexOf, placeOf } from "../pure/walk.ts";
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
    let x: readonly Matrix[] = PICTURE;
    let w = WEIGHT;
    let y: readonly Matrix[] = [];
    let apart = Number.NaN;

    const inputs = CHANNELS.map((n) =>
      grid(scene, {
        symbol: `X${SMALL[n]}`,
        name: { en: `channel ${n}`, zh: `通道 ${n}` },
        look: "tone-x small",
        edit: ([r, c], value) =>
          changed(
            x.map((m, i) => (i === n ? replaced(m, r, c, value) : m)),
            w,
          ),
      }),
    );
    const outputs = OUTS.map((n) =>
      grid(scene, {
        symbol: `Y${SMALL[n]}`,
        name: { en: `output ${n}`, zh: `输出 ${n}` },
        look: "tone-y small",
        choose: (place) => steps.go(indexOf(place, 3)),
      }),
    );
    const weight = grid(scene, {
      symbol: "W",
      name: { en: "weight", zh: "权重" },
      look: "tone-k small",
      edit: ([r, c], value) => changed(x, replaced(w, r, c, value)),
    });
    const pixel = grid(scene, { symbol: "x", name: { en: "pixel", zh: "像素" }, look: "tone-x small" });
    const mixed = grid(scene, { symbol: "y", name: { en: "output", zh: "输出" }, look: "tone-y small" });
    const sums = OUTS.map(() => line());
    const agree = h("p", { class: "remark" });
    const steps = player(scene, () => draw());
    const figure = h("div", { class: "figure" });
    const work = stage(scene, figure, ({ outputs: results }) => {
      const values = results["mixed"] ?? [];
      const product = results["product"] ?? [];
      y = OUTS.map((n) => from(3, 3, values.slice(9 * n, 9 * n + 9)));
      apart = Math.max(...values.map((v, i) => Math.abs(v - (product[i] ?? Number.NaN))));
      draw();
    });
    const draw = (): void => {
      steps.draw(9);
      const [i, j] = placeOf(steps.at, 3);
      const one = { row: i, col: j, rows: 1, cols: 1 };
      const here = from(
        3,
        1,
        x.map((m) => at(m, i, j)),
      );
      const result = from(
        2,
        1,
        y.map((m) => at(m, i, j)),
      );
      const plain = (view: Grid, m: Matrix): void =>
        view.draw({ ...m, cell: (r, c) => ({ value: at(m, r, c) }) });
      for (const [n, view] of inputs.entries()) {
        const m = x[n];
        if (!m) continue;
        const look = (r: number, c: number): string => (r === i && c === j ? "tap" : "");
        view.draw({ ...m, cell: (r, c) => ({ value: at(m, r, c), look: look(r, c) }), frame: one });
      }
      for (const [n, view] of outputs.entries()) {
        const m = y[n] ?? from(3, 3, []);
        view.draw({ ...m, cell: (r, c) => ({ value: at(m, r, c) }), current: [i, j], frame: one });
      }
      plain(weight, w);
      plain(pixel, here);
      plain(mixed, result);
      if (y.length === 0) return;
      for (const [n, sum] of sums.entries()) {
        const terms: readonly Token[] = products(CHANNELS.map((c) => [at(here, c, 0), at(w, n, c)]));
        sum.draw(equation(`Y${SMALL[n] ?? ""}[${i}, ${j}]`, terms, at(result, n, 0)), steps.playing);
      }
      agree.textContent = scene.say({
        en: `conv2d and matmul, two kernels: the largest difference over all pixels is ${show(apart)}.`,
        zh: `conv2d 和 matmul 是两个不同的内核：所有像素上的最大差别是 ${show(apart)}。`,
      });
    };
    const changed = (nextX: readonly Matrix[], nextW: Matrix): void => {
      [x, w] = [nextX, nextW];
      draw();
      work.ask({
        recipe,
        inputs: { picture: floats(...x) },
        weights: {
          weight: { shape: [2, 3], data: floats(w) },
          "conv2d1.weight": { shape: [2, 3, 1, 1], data: floats(w) },
        },
      });
    };
    figure.append(
      equationRow(
        h("div", { class: "pile" }, ...inputs.map((g) => g.element)),
        "→",
        h("div", { class: "pile" }, ...outputs.map((g) => g.element)),
      ),
      h("div", { class: "column" }, equationRow(weight.element, "·", pixel.element, "=", mixed.element)),
      h(
        "div",
        { class: "row" },
        steps.element,
        preset(scene, { en: "First example", zh: "最初的例子" }, () => {
          steps.go(0);
          changed(PICTURE, WEIGHT);
        }),
        preset(scene, { en: "Other numbers", zh: "换一组数" }, () =>
          changed(
            CHANNELS.map(() => random(3, 3, 0, 9)),
            random(2, 3, -2, 2),
          ),
        ),
      ),
      h("div", { class: "sums" }, ...sums.map((s) => s.element)),
      agree,
      work.notice,
    );
    scene.speak(draw);
    changed(PICTURE, WEIGHT);
    return [
      scene.p({
        en: "A **1×1 convolution** sees one pixel and mixes its channels: the product of a matrix with the pixel’s channels, the same for every pixel. It changes the number of channels — here from 3 to 2 — and nothing else.",
        zh: "**1×1 卷积**（1×1 convolution）每次只看一个像素，把它的各个通道混合起来：也就是用同一个矩阵去乘每个像素的各通道值。它只改变通道数（这里从 3 变为 2），别的都不变。",
      }),
      figure,
      work.code,
    ];
  },
};
