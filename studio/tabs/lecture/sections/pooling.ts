/** Pooling: the largest or the average value of each window. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { type Pooling, pooling as recipe, type Window } from "../models.ts";
import { grid, type View } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { type Slider, slider } from "../parts/slider.ts";
import { isOf, looks, result } from "../parts/views.ts";
import { type Axis, outputs, seen, taps } from "../pure/geometry.ts";
import { at, counting, floats, from, type Matrix, random, replaced } from "../pure/matrix.ts";
import { equation, pooled, type Token } from "../pure/sums.ts";
import { indexOf, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

interface Pooled {
  readonly x: Matrix;
  readonly kind: Pooling;
  readonly window: Window;
}

const WINDOW: Window = { size: 4, kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: 1 };
const FIRST: Pooled = { x: counting(4, 4), kind: "max", window: WINDOW };

export const pooling: Topic = {
  id: "pooling",
  title: { en: "Pooling", zh: "汇聚层" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    return [scene.p(INTRODUCTION), figure, scene.p(HINT, "hint"), code];
  },
};

const INTRODUCTION: Words = {
  en: "**Pooling** takes the largest or the average value of each window, channel by channel: it has nothing to learn. Its stride is usually the window’s size. What moves a little inside a window leaves the result almost as it was.",
  zh: "**汇聚层**（pooling layer，也称池化层）逐个通道地取每个窗口的最大值或平均值：它没有需要学习的参数。步幅通常等于窗口的大小。图像内容在窗口内稍有移动，结果几乎不变。",
};
const HINT: Words = {
  en: "Padding never wins a maximum (it counts as −∞); in an average it counts as a zero.",
  zh: "求最大值时填充不参与（视为 −∞）；求平均值时填充按零计入。",
};
const KINDS: Readonly<Record<Pooling, Words>> = {
  max: { en: "largest value", zh: "最大汇聚" },
  average: { en: "average", zh: "平均汇聚" },
};
const EXAMPLES: readonly (readonly [words: Words, kind: Pooling, window: Partial<Window>])[] = [
  [{ en: "3×3", zh: "3×3" }, "max", { kernel: [3, 3], stride: [3, 3] }],
  [
    { en: "3×3, padding 1, stride 2", zh: "3×3，填充 1，步幅 2" },
    "max",
    { kernel: [3, 3], stride: [2, 2], padding: [1, 1] },
  ],
  [{ en: "2×3", zh: "2×3" }, "max", { kernel: [2, 3], stride: [2, 3], padding: [0, 1] }],
  [{ en: "average 2×2", zh: "平均 2×2" }, "average", {}],
];

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let now = FIRST;
  let y: Matrix | undefined;
  const input = grid(scene, {
    symbol: "X",
    name: { en: "input", zh: "输入" },
    look: "tone-x",
    edit([r, c], value) {
      const [above, before] = now.window.padding;
      change({ x: replaced(now.x, r - above, c - before, value) });
    },
  });
  const output = grid(scene, {
    symbol: "Y",
    name: { en: "output", zh: "输出" },
    look: "tone-y",
    choose: (place) => steps.go(indexOf(place, sizeOf(now)[1])),
  });
  const sum = line();
  const steps = player(scene, () => draw());
  const figure = h("div", { class: "figure" });
  const take = (values: readonly number[] | undefined): void => {
    y = values && from(...sizeOf(now), values);
    draw();
  };
  const work = stage(
    scene,
    figure,
    (answer) => take(answer.outputs["result"] ?? []),
    () => take(undefined),
  );
  const draw = (): void => {
    const [rows, cols] = sizeOf(now);
    steps.draw(rows * cols);
    const place = placeOf(steps.at, Math.max(1, cols));
    input.draw(inputView(now, place));
    output.element.hidden = isEmpty(now);
    if (!isEmpty(now)) output.draw(result(y, rows, cols, place));
    sum.draw(y && isOf(y, rows, cols) ? equationOf(now, y, place) : [], steps.playing);
  };
  const change = (part: Partial<Pooled>): void => {
    now = { ...now, ...part };
    draw();
    kinds.update(now.kind);
    sliders.update(now.window);
    work.ask({ recipe: recipe(now.kind, now.window), inputs: { picture: floats(now.x) } });
  };
  const kinds = kindChoice(scene, (kind) => change({ kind }));
  const sliders = windowSliders(scene, (window) => change({ window }));
  const examples = EXAMPLES.map(([words, kind, part]) =>
    preset(scene, words, () => {
      steps.go(0);
      const window = { ...WINDOW, ...part };
      sliders.join(window.kernel[0] === window.kernel[1]);
      change({ x: FIRST.x, kind, window });
    }),
  );
  const others = preset(scene, { en: "Other numbers", zh: "换一组数" }, () =>
    change({ x: random(4, 4, 0, 20) }),
  );
  figure.append(
    kinds.element,
    sliders.element,
    work.notice,
    equationRow(input.element, "→", output.element),
    sum.element,
    h("div", { class: "row" }, steps.element, ...examples, others),
  );
  change(FIRST);
  return { figure, code: work.code };
}

function axisOf({ size, kernel, stride, padding }: Window, d: 0 | 1): Axis {
  return { size, kernel: kernel[d], stride: stride[d], padding: padding[d], dilation: 1 };
}

const sizeOf = ({ window }: Pooled): readonly [rows: number, cols: number] => [
  outputs(axisOf(window, 0)),
  outputs(axisOf(window, 1)),
];

/** Whether the window fits nowhere. */
const isEmpty = (now: Pooled): boolean => sizeOf(now).some((count) => count <= 0);

/** The input with its padding, and the window at a place of the output. */
function inputView(now: Pooled, [i, j]: Place): View {
  const { x, kind, window } = now;
  const [tall, wide] = [axisOf(window, 0), axisOf(window, 1)];
  const [above, before] = window.padding;
  const [down, across] = [taps(tall, i), taps(wide, j)];
  const shown = !isEmpty(now);
  return {
    rows: window.size + 2 * above,
    cols: window.size + 2 * before,
    cell(r, c) {
      const value = at(x, r - above, c - before);
      const pad = Number.isNaN(value);
      const look = looks({
        pad,
        tap: shown && down.includes(r) && across.includes(c),
        unseen: shown && !(seen(tall, r) && seen(wide, c)),
      });
      return { value, look, ...(pad && { fixed: true, text: kind === "max" ? "−∞" : "0" }) };
    },
    frame: shown
      ? { row: i * tall.stride, col: j * wide.stride, rows: tall.kernel, cols: wide.kernel }
      : undefined,
  };
}

function equationOf({ x, kind, window }: Pooled, y: Matrix, [i, j]: Place): readonly Token[] {
  const [above, before] = window.padding;
  const [down, across] = [taps(axisOf(window, 0), i), taps(axisOf(window, 1), j)];
  const values = down.flatMap((r) => across.map((c) => at(x, r - above, c - before)));
  const counted = kind === "max" ? values.filter((v) => !Number.isNaN(v)) : values.map((v) => v || 0);
  return equation(`Y[${i}, ${j}]`, pooled(kind, counted), at(y, i, j));
}

function kindChoice(
  scene: Scene,
  chosen: (kind: Pooling) => void,
): { readonly element: HTMLElement; update(kind: Pooling): void } {
  const name = scene.id("pool");
  const radios = (["max", "average"] as const).map((kind) => ({
    kind,
    control: h("input", { type: "radio", name, onchange: () => chosen(kind) }),
  }));
  return {
    element: h(
      "fieldset",
      {},
      h("legend", { class: "hidden-text" }, scene.t({ en: "Kind of pooling", zh: "汇聚的种类" })),
      ...radios.map(({ kind, control }) => h("label", { class: "choice" }, control, scene.t(KINDS[kind]))),
    ),
    update(now) {
      for (const { kind, control } of radios) control.checked = kind === now;
    },
  };
}

interface WindowSliders {
  readonly element: HTMLElement;
  /** Whether both directions have one slider. */
  join(together: boolean): void;
  update(window: Window): void;
}

function windowSliders(scene: Scene, changed: (window: Window) => void): WindowSliders {
  let now = WINDOW;
  const together = h("input", { type: "checkbox", checked: true, onchange: () => update(now) });
  const pair = (key: "kernel" | "stride" | "padding", name: Words, low: number, high: number) =>
    ([0, 1] as const).map((d) => ({
      key,
      d,
      slider: slider(scene, {
        name,
        letter: d === 0 ? "↕" : "↔",
        low,
        high,
        value: WINDOW[key][d],
        change(value) {
          const [a, b] = now[key];
          const both = together.checked ? [value, value] : d === 0 ? [value, b] : [a, value];
          changed({ ...now, [key]: both });
        },
      }),
    }));
  const sliders: readonly { key: "kernel" | "stride" | "padding"; d: 0 | 1; slider: Slider }[] = [
    ...pair("kernel", { en: "Window", zh: "窗口" }, 1, 4),
    ...pair("stride", { en: "Stride", zh: "步幅" }, 1, 4),
    ...pair("padding", { en: "Padding", zh: "填充" }, 0, 2),
  ];
  const label = scene.t({ en: "the same in both directions", zh: "两个方向相同" });
  const element = h(
    "div",
    { class: "sliders" },
    ...sliders.map((s) => s.slider.element),
    h("label", { class: "choice" }, together, label),
  );
  /** Those across are shown only where they may differ. */
  const update = (window: Window): void => {
    now = window;
    element.classList.toggle("together", together.checked);
    for (const each of sliders) {
      each.slider.set(window[each.key][each.d]);
      each.slider.element.hidden = each.d === 1 && together.checked;
    }
  };
  return {
    element,
    join(both) {
      together.checked = both;
    },
    update,
  };
}
