/** Cross-correlation: a kernel slides over an input, and the sum of the window is written out. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { correlation as recipe } from "../models.ts";
import { grid, type View } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { slider } from "../parts/slider.ts";
import { isOf, plain, result } from "../parts/views.ts";
import { at, counting, floats, from, type Matrix, random, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { equation, products, type Token } from "../pure/sums.ts";
import { indexOf, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

export const correlation: Topic = {
  id: "corr2d",
  title: { en: "Cross-correlation", zh: "互相关运算" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    const sum = h(
      "p",
      { class: "display" },
      "Y[i, j] = Σ",
      h("sub", {}, "a, b"),
      " X[i + a, j + b] · K[a, b]",
    );
    return [scene.p(INTRODUCTION), sum, figure, scene.p(HINT, "hint"), code];
  },
};

const INTRODUCTION: Words = {
  en: "A kernel slides over the input. At each place the numbers under it are multiplied with the kernel’s and **added up**: that is one number of the output. Networks call this *convolution*; strictly it is the **cross-correlation**, for the kernel is not flipped.",
  zh: "**卷积核**（kernel）在输入上滑动。在每个位置，窗口内的数与卷积核中对应的数相乘，再把乘积**相加**，就得到输出中的一个数。神经网络中把它称为“卷积”；严格地说这是**互相关运算**（cross-correlation），因为卷积核没有翻转。",
};
const HINT: Words = {
  en: "All numbers can be edited. Choose an output, or walk over the outputs with the arrow keys.",
  zh: "所有的数都可以修改。点选一个输出，或者用方向键在输出上移动。",
};

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let [x, k] = [counting(3, 3), counting(2, 2)];
  let y: Matrix | undefined;
  const out = (): number => x.rows - k.rows + 1;
  const input = grid(scene, {
    symbol: "X",
    name: { en: "input", zh: "输入" },
    look: "tone-x",
    edit: ([r, c], value) => change(replaced(x, r, c, value), k),
  });
  const kernel = grid(scene, {
    symbol: "K",
    name: { en: "kernel", zh: "卷积核" },
    look: "tone-k",
    edit: ([r, c], value) => change(x, replaced(k, r, c, value)),
  });
  const output = grid(scene, {
    symbol: "Y",
    name: { en: "output", zh: "输出" },
    look: "tone-y",
    choose: (place) => steps.go(indexOf(place, out())),
  });
  const sum = line();
  const steps = player(scene, () => draw());
  const figure = h("div", { class: "figure" });
  const work = stage(scene, figure, ({ outputs }) => {
    y = from(out(), out(), outputs["result"] ?? []);
    draw();
  });
  const draw = (): void => {
    steps.draw(out() * out());
    const place = placeOf(steps.at, out());
    input.draw(inputView(x, k, place));
    kernel.draw(plain(k));
    output.draw(result(y, out(), out(), place));
    if (y && isOf(y, out(), out())) sum.draw(equationOf(x, k, y, place), steps.playing);
  };
  const change = (nextX: Matrix, nextK: Matrix): void => {
    [x, k] = [nextX, nextK];
    draw();
    work.ask({ recipe: recipe(x.rows, k.rows), inputs: { picture: floats(x), kernel: floats(k) } });
  };
  const sliders = sizeSliders(scene, (n, m) => change(counting(n, n), counting(m, m)));
  const lecture = preset(scene, { en: "The lecture’s example", zh: "课程中的例子" }, () => {
    steps.go(0);
    sliders.set(3, 2);
  });
  const other = preset(scene, { en: "Other numbers", zh: "换一组数" }, () =>
    change(random(x.rows, x.cols, 0, 9), random(k.rows, k.cols, -2, 3)),
  );
  figure.append(
    equationRow(input.element, "∗", kernel.element, "=", output.element),
    h("div", { class: "row" }, steps.element, lecture, other),
    sum.element,
    work.notice,
    sliders.element,
  );
  sliders.set(3, 2);
  return { figure, code: work.code };
}

/** The input with the window at a place of the output. */
function inputView(x: Matrix, k: Matrix, [i, j]: Place): View {
  const inWindow = (r: number, c: number): boolean => r >= i && r < i + k.rows && c >= j && c < j + k.cols;
  return {
    ...x,
    cell: (r, c) =>
      inWindow(r, c)
        ? { value: at(x, r, c), look: "tap", corner: `×${show(at(k, r - i, c - j))}` }
        : { value: at(x, r, c) },
    frame: { row: i, col: j, rows: k.rows, cols: k.cols },
  };
}

function equationOf(x: Matrix, k: Matrix, y: Matrix, [i, j]: Place): readonly Token[] {
  const terms = k.data.map((weight, t) => {
    const [a, b] = placeOf(t, k.cols);
    return [at(x, i + a, j + b), weight] as const;
  });
  return equation(`Y[${i}, ${j}]`, products(terms), at(y, i, j));
}

/** Input and kernel of these sizes; the kernel is no larger than the input. */
function sizeSliders(
  scene: Scene,
  changed: (n: number, m: number) => void,
): { readonly element: HTMLElement; set(n: number, m: number): void } {
  const resize = (n: number, m: number): void => {
    kernel.limit(1, Math.min(n, 4));
    changed(n, m);
  };
  const input = slider(scene, {
    name: { en: "Input", zh: "输入大小" },
    letter: "n",
    low: 2,
    high: 6,
    value: 3,
    change: (n) => resize(n, Math.min(kernel.value, n)),
  });
  const kernel = slider(scene, {
    name: { en: "Kernel", zh: "卷积核大小" },
    letter: "k",
    low: 1,
    high: 3,
    value: 2,
    change: (m) => resize(input.value, m),
  });
  return {
    element: h("div", { class: "sliders" }, input.element, kernel.element),
    set(n, m) {
      input.set(n);
      resize(n, m);
      kernel.set(m);
    },
  };
}
