/** Padding and stride: sliders, the picture of the windows, and the formula with its numbers. */
import { fill, h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { convolution, type Recipe } from "../models.ts";
import { grid, type View } from "../parts/grid.ts";
import { player } from "../parts/player.ts";
import { slider } from "../parts/slider.ts";
import { looks, result } from "../parts/views.ts";
import { type Axis, FORMULA, outputs, padded, seen, span, taps, worked } from "../pure/geometry.ts";
import { floats, from, type Matrix, matrix } from "../pure/matrix.ts";
import { remark } from "../pure/remark.ts";
import { indexOf, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

const FIRST: Axis = { size: 8, kernel: 3, padding: 1, stride: 2, dilation: 1 };

export const sizes: Topic = {
  id: "sizes",
  title: { en: "Padding and stride", zh: "填充和步幅" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    return [scene.p(INTRODUCTION), figure, scene.p(HINT, "hint"), code];
  },
};

const INTRODUCTION: Words = {
  en: "**Padding** adds *p* zeros at each side, so that a kernel also finds room at the border. A **stride** *s* takes every *s*-th place. **Dilation** *d* spreads the kernel’s taps: it spans d(k − 1) + 1 pixels.",
  zh: "**填充**（padding）在每一侧添加 *p* 个零，使卷积核在边界处也有位置。**步幅**（stride）*s* 表示每隔 *s* 个位置取一个。**膨胀**（dilation）*d* 把卷积核的元素拉开：它跨越 d(k − 1) + 1 个像素。",
};
const HINT: Words = {
  en: "Input and kernel are all ones here, so each output counts the pixels that its window sees: fewer at a padded border.",
  zh: "这里的输入和卷积核全是 1，所以每个输出就是它的窗口看到的像素个数：在填充过的边界处会少一些。",
};
const EXAMPLES: readonly (readonly [Words, Axis])[] = [
  [
    { en: "Same size", zh: "大小不变" },
    { ...FIRST, stride: 1 },
  ],
  [{ en: "Half", zh: "减半" }, FIRST],
  [
    { en: "LeNet’s first", zh: "LeNet 第一层" },
    { ...FIRST, kernel: 5, padding: 2, stride: 1 },
  ],
  [
    { en: "Dilated", zh: "膨胀卷积" },
    { ...FIRST, padding: 0, stride: 1, dilation: 2 },
  ],
];

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let axis = FIRST;
  let y: Matrix | undefined;
  const input = grid(scene, {
    symbol: "X",
    name: { en: "input with its padding", zh: "输入及填充" },
    look: "tone-x tiny",
  });
  const output = grid(scene, {
    symbol: "Y",
    name: { en: "output", zh: "输出" },
    look: "tone-y tiny",
    choose: (place) => steps.go(indexOf(place, outputs(axis))),
  });
  const steps = player(scene, () => draw());
  const figure = h("div", { class: "figure" });
  const formula = formulaLine(scene);
  const take = (values: readonly number[] | undefined): void => {
    y = values && from(outputs(axis), outputs(axis), values);
    draw();
  };
  const work = stage(
    scene,
    figure,
    (answer) => take(answer.outputs["result"] ?? []),
    () => take(undefined),
  );
  const draw = (): void => {
    const count = outputs(axis);
    steps.draw(count * count);
    const place = placeOf(steps.at, Math.max(1, count));
    input.draw(inputView(axis, place));
    output.element.hidden = count <= 0;
    if (count > 0) output.draw(result(y, count, count, place));
    formula.update(axis);
  };
  const change = (next: Axis): void => {
    axis = next;
    y = undefined;
    draw();
    const picture = floats(matrix(axis.size, axis.size, () => 1));
    work.ask({ recipe: recipeOf(axis), inputs: { picture } });
  };
  const sliders = axisSliders(scene, (part) => change({ ...axis, ...part }));
  const examples = EXAMPLES.map(([words, next]) =>
    preset(scene, words, () => {
      steps.go(0);
      sliders.update(next);
      change(next);
    }),
  );
  figure.append(
    sliders.element,
    formula.element,
    formula.note,
    work.notice,
    equationRow(input.element, "→", output.element),
    h("div", { class: "row" }, steps.element, ...examples),
  );
  scene.speak(draw);
  change(FIRST);
  return { figure, code: work.code };
}

/** The same along both axes. */
function recipeOf({ size, kernel, padding, stride, dilation }: Axis): Recipe {
  const pair = (v: number): readonly [number, number] => [v, v];
  return convolution({ size, kernel: pair(kernel), padding: pair(padding), stride: pair(stride), dilation });
}

/** The input with its padding, and the window at a place of the output. */
function inputView(axis: Axis, [i, j]: Place): View {
  const [down, across] = [taps(axis, i), taps(axis, j)];
  const shown = outputs(axis) > 0;
  const inside = (v: number): boolean => v >= axis.padding && v < axis.padding + axis.size;
  return {
    rows: padded(axis),
    cols: padded(axis),
    cell(r, c) {
      const pad = !(inside(r) && inside(c));
      const look = looks({
        pad,
        tap: shown && down.includes(r) && across.includes(c),
        unseen: shown && !(seen(axis, r) && seen(axis, c)),
      });
      return { value: pad ? 0 : 1, look };
    },
    frame: shown
      ? { row: i * axis.stride, col: j * axis.stride, rows: span(axis), cols: span(axis) }
      : undefined,
  };
}

/** The formula with its numbers, and what there is to remark on them. */
function formulaLine(scene: Scene): {
  readonly element: HTMLElement;
  readonly note: HTMLElement;
  update(axis: Axis): void;
} {
  const element = h("p", { class: "formula", attrs: { "aria-live": "polite" } });
  const note = h("p", { class: "remark" });
  const part = (name: string, text: string): HTMLElement => h("span", { class: name }, text);
  return {
    element,
    note,
    update(axis) {
      const [numbers = "", short = "", size = ""] = worked(axis);
      const end = [part("short", ` = ${short}`), part("result", ` = ${size}`)];
      fill(
        element,
        part("general", `${FORMULA}`),
        part("numbers", ` = ${numbers}`),
        ...(outputs(axis) > 0 ? end : []),
      );
      const words = remark(axis);
      note.hidden = words === undefined;
      note.textContent = words ? scene.say(words) : "";
    },
  };
}

function axisSliders(
  scene: Scene,
  changed: (part: Partial<Axis>) => void,
): { readonly element: HTMLElement; update(axis: Axis): void } {
  const control = (key: keyof Axis, name: Words, letter: string, low: number, high: number) => ({
    key,
    slider: slider(scene, {
      name,
      letter,
      low,
      high,
      value: FIRST[key],
      change: (value) => changed({ [key]: value }),
    }),
  });
  const sliders = [
    control("size", { en: "Input", zh: "输入" }, "n", 1, 10),
    control("kernel", { en: "Kernel", zh: "卷积核" }, "k", 1, 5),
    control("padding", { en: "Padding", zh: "填充" }, "p", 0, 3),
    control("stride", { en: "Stride", zh: "步幅" }, "s", 1, 4),
    control("dilation", { en: "Dilation", zh: "膨胀" }, "d", 1, 3),
  ];
  return {
    element: h("div", { class: "sliders" }, ...sliders.map((s) => s.slider.element)),
    update(axis) {
      for (const each of sliders) each.slider.set(axis[each.key]);
    },
  };
}
