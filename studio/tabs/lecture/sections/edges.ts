/** Edge detection: the kernel [1, −1] on the lecture's picture and on the same picture turned. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { edges as recipe } from "../models.ts";
import { type Cell, type Grid, type GridOptions, grid } from "../parts/grid.ts";
import { at, floats, from, type Matrix, matrix, replaced, transposed } from "../pure/matrix.ts";
import { SLOPE, SQUARE, STRIPE } from "../pure/picture.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";
import { filters } from "./filters.ts";

const pixel = (value: number): Cell => ({ value, look: value === 0 ? "black" : "white" });
const edge = (value: number): Cell =>
  Number.isNaN(value) ? { value } : { value, look: value > 0 ? "plus" : value < 0 ? "minus" : "zero" };

const draw = (view: Grid, m: Matrix, cell: (value: number) => Cell): void =>
  view.draw({ rows: m.rows, cols: m.cols, cell: (r, c) => cell(at(m, r, c)) });

export const edges: Topic = {
  id: "edges",
  title: { en: "Finding edges", zh: "边缘检测" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    const pictures = filters(scene);
    return [
      scene.p(INTRODUCTION),
      figure,
      scene.p(HINT, "hint"),
      ...(pictures ? [scene.p(ON_PICTURES), pictures] : []),
      code,
    ];
  },
};

const INTRODUCTION: Words = {
  en: "A picture is white (1) with four black columns (0) in its middle. The kernel `[1, −1]` subtracts the right neighbour: it gives **0** where neighbours are equal, **1** where white turns black and **−1** where black turns white. It sees edges that stand upright, and no others: the transposed picture, below, gives zeros.",
  zh: "一张图像是白色（1），中间四列是黑色（0）。卷积核 `[1, −1]` 用每个像素减去它右边的像素：相邻像素相同处得 **0**，由白变黑处得 **1**，由黑变白处得 **−1**。它只看得到竖直的边缘：下面转置（transpose）之后的图像得到的全是零。",
};
const HINT: Words = {
  en: "Paint pixels with a click, or with the arrow keys and the space bar. With the upright kernel the roles are swapped.",
  zh: "点击像素，或者用方向键和空格键，就可以改变颜色。换成竖着的卷积核，二者的角色就对调了。",
};
const ON_PICTURES: Words = {
  en: "On a picture, a kernel of 3 × 3 does more: find edges in a direction, draw outlines, blur.",
  zh: "在真正的图像上，3 × 3 的卷积核能做的更多：找出某个方向的边缘、勾出轮廓、使图像模糊。",
};

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let x = STRIPE;
  let k = FLAT;
  const straight = equationOf(scene, {
    symbol: "X",
    name: { en: "picture", zh: "图像" },
    toggles: true,
    choose: ([r, c]) => change(replaced(x, r, c, 1 - at(x, r, c))),
  });
  const turned = equationOf(scene, { symbol: "Xᵀ", name: { en: "transposed", zh: "转置" } });
  const figure = h("div", { class: "figure" });
  const work = stage(scene, figure, ({ outputs, shapes }) => {
    const table = (name: string): Matrix => {
      const [rows = 0, cols = 0] = shapes[name] ?? [];
      return from(rows, cols, outputs[name] ?? []);
    };
    straight.result(table("edges"));
    turned.result(table("turned"));
  });
  const change = (next: Matrix): void => {
    x = next;
    straight.draw(x, k);
    turned.draw(transposed(x), k);
    work.ask({ recipe: recipe(k.rows, k.cols), inputs: { picture: floats(x), kernel: floats(k) } });
  };
  /** The tables of the results, before there are any. */
  const unknown = (): void => {
    straight.result(unknownOf(x, k));
    turned.result(unknownOf(transposed(x), k));
  };
  const choice = kernelChoice(scene, (chosen) => {
    k = chosen;
    change(x);
    unknown();
  });
  const examples = [
    preset(scene, { en: "Stripe", zh: "竖条" }, () => change(STRIPE)),
    preset(scene, { en: "Square", zh: "方块" }, () => change(SQUARE)),
    preset(scene, { en: "Slope", zh: "斜边" }, () => change(SLOPE)),
  ];
  const buttons = h("div", { class: "row" }, ...examples, choice);
  figure.append(straight.element, turned.element, work.notice, buttons);
  change(STRIPE);
  unknown();
  return { figure, code: work.code };
}

const FLAT = from(1, 2, [1, -1]);
const UPRIGHT = from(2, 1, [1, -1]);

const unknownOf = (x: Matrix, k: Matrix): Matrix =>
  matrix(x.rows - k.rows + 1, x.cols - k.cols + 1, () => Number.NaN);

/** `X ∗ K = Y` */
function equationOf(
  scene: Scene,
  picture: GridOptions,
): { readonly element: HTMLElement; draw(x: Matrix, k: Matrix): void; result(y: Matrix): void } {
  const input = grid(scene, { ...picture, look: "tone-x small pixels" });
  const kernel = grid(scene, { symbol: "K", name: { en: "kernel", zh: "卷积核" }, look: "tone-k small" });
  const output = grid(scene, {
    symbol: "Y",
    name: { en: "edges", zh: "边缘" },
    look: "tone-y small signs",
  });
  return {
    element: equationRow(input.element, "∗", kernel.element, "=", output.element),
    draw(x, k) {
      draw(input, x, pixel);
      draw(kernel, k, (value) => ({ value }));
    },
    result: (y) => draw(output, y, edge),
  };
}

function kernelChoice(scene: Scene, chosen: (kernel: Matrix) => void): HTMLElement {
  const name = scene.id("kernel");
  const choice = (kernel: Matrix, text: string): HTMLElement => {
    const onchange = (): void => chosen(kernel);
    const checked = kernel === FLAT;
    return h("label", { class: "choice" }, h("input", { type: "radio", name, checked, onchange }), text);
  };
  const legend = h("legend", { class: "hidden-text" }, scene.t({ en: "Kernel", zh: "卷积核" }));
  return h("fieldset", {}, legend, choice(FLAT, "K = [1, −1]"), choice(UPRIGHT, "K = [1, −1]ᵀ"));
}
