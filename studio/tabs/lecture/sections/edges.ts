/** Edge detection: the kernel [1, −1] on the lecture's picture and on the same picture turned. */
import { h } from "../../../dom.ts";
import { edges as recipe } from "../models.ts";
import { type Cell, type Grid, grid } from "../parts/grid.ts";
import { at, floats, from, type Matrix, matrix, replaced, transposed } from "../pure/matrix.ts";
import { SLOPE, SQUARE, STRIPE } from "../pure/picture.ts";
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
    let x = STRIPE;
    let flat = true; // [1, −1]; else the same, upright
    const kernelOf = (): Matrix => from(flat ? 1 : 2, flat ? 2 : 1, [1, -1]);
    const result = (symbol: string): Grid =>
      grid(scene, { symbol, name: { en: "edges", zh: "边缘" }, look: "tone-y small signs" });

    const input = grid(scene, {
      symbol: "X",
      name: { en: "picture", zh: "图像" },
      look: "tone-x small pixels",
      toggles: true,
      choose: ([r, c]) => changed(replaced(x, r, c, 1 - at(x, r, c))),
    });
    const kernels = ["∗", "∗"].map(() =>
      grid(scene, { symbol: "K", name: { en: "kernel", zh: "卷积核" }, look: "tone-k small" }),
    );
    const turned = grid(scene, {
      symbol: "Xᵀ",
      name: { en: "transposed", zh: "转置" },
      look: "tone-x small pixels",
    });
    const [straightEdges, turnedEdges] = [result("Y"), result("Y")];
    const figure = h("div", { class: "figure" });
    const work = stage(scene, figure, ({ outputs, shapes }) => {
      const table = (name: string): Matrix => {
        const [rows = 0, cols = 0] = shapes[name] ?? [];
        return from(rows, cols, outputs[name] ?? []);
      };
      draw(straightEdges, table("edges"), edge);
      draw(turnedEdges, table("turned"), edge);
    });
    const changed = (next: Matrix): void => {
      x = next;
      const k = kernelOf();
      draw(input, x, pixel);
      draw(turned, transposed(x), pixel);
      for (const view of kernels) draw(view, k, (value) => ({ value }));
      work.ask({ recipe: recipe(k.rows, k.cols), inputs: { picture: floats(x), kernel: floats(k) } });
    };
    /** The tables of the results, before there are any. */
    const unknown = (): void => {
      const k = kernelOf();
      for (const [view, m] of [
        [straightEdges, x],
        [turnedEdges, transposed(x)],
      ] as const)
        draw(
          view,
          matrix(m.rows - k.rows + 1, m.cols - k.cols + 1, () => Number.NaN),
          edge,
        );
    };
    const name = scene.id("kernel");
    const choice = (isFlat: boolean, text: string): HTMLElement =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "radio",
          name,
          checked: isFlat,
          onchange() {
            flat = isFlat;
            changed(x);
            unknown();
          },
        }),
        text,
      );
    const legend = h("legend", { class: "hidden-text" }, scene.t({ en: "Kernel", zh: "卷积核" }));
    figure.append(
      equationRow(
        input.element,
        "∗",
        ...kernels.slice(0, 1).map((k) => k.element),
        "=",
        straightEdges.element,
      ),
      equationRow(turned.element, "∗", ...kernels.slice(1).map((k) => k.element), "=", turnedEdges.element),
      work.notice,
      h(
        "div",
        { class: "row" },
        preset(scene, { en: "Stripe", zh: "竖条" }, () => changed(STRIPE)),
        preset(scene, { en: "Square", zh: "方块" }, () => changed(SQUARE)),
        preset(scene, { en: "Slope", zh: "斜边" }, () => changed(SLOPE)),
        h("fieldset", {}, legend, choice(true, "K = [1, −1]"), choice(false, "K = [1, −1]ᵀ")),
      ),
    );
    const pictures = filters(scene);
    changed(STRIPE);
    unknown();
    return [
      scene.p({
        en: "A picture is white (1) with four black columns (0) in its middle. The kernel `[1, −1]` subtracts the right neighbour: it gives **0** where neighbours are equal, **1** where white turns black and **−1** where black turns white. It sees edges that stand upright, and no others: the transposed picture, below, gives zeros.",
        zh: "一张图像是白色（1），中间四列是黑色（0）。卷积核 `[1, −1]` 用每个像素减去它右边的像素：相邻像素相同处得 **0**，由白变黑处得 **1**，由黑变白处得 **−1**。它只看得到竖直的边缘：下面转置（transpose）之后的图像得到的全是零。",
      }),
      figure,
      scene.p(
        {
          en: "Paint pixels with a click, or with the arrow keys and the space bar. With the upright kernel the roles are swapped.",
          zh: "点击像素，或者用方向键和空格键，就可以改变颜色。换成竖着的卷积核，二者的角色就对调了。",
        },
        "hint",
      ),
      ...(pictures
        ? [
            scene.p({
              en: "On a picture, a kernel of 3 × 3 does more: find edges in a direction, draw outlines, blur.",
              zh: "在真正的图像上，3 × 3 的卷积核能做的更多：找出某个方向的边缘、勾出轮廓、使图像模糊。",
            }),
            pictures,
          ]
        : []),
      work.code,
    ];
  },
};
