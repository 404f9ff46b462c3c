/** Pooling: the largest or the average value of each window. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { type Pooling, pooling as recipe, type Window } from "../models.ts";
import { grid } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { slider } from "../parts/slider.ts";
import { type Axis, outputs, seen, taps } from "../pure/geometry.ts";
import { at, counting, floats, from, type Matrix, random, replaced } from "../pure/matrix.ts";
import { equation, pooled } from "../pure/sums.ts";
import { indexOf, placeOf } from "../pure/walk.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

type Pair = readonly [number, number];
const FIRST: Window = { size: 4, kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: 1 };

const axisOf = (w: Window, d: 0 | 1): Axis => ({
  size: w.size,
  kernel: w.kernel[d],
  stride: w.stride[d],
  padding: w.padding[d],
  dilation: 1,
});

export const pooling: Topic = {
  id: "pooling",
  title: { en: "Pooling", zh: "汇聚层" },
  build(scene) {
    let x = counting(4, 4);
    let kind: Pooling = "max";
    let window = FIRST;
    let y: Matrix | undefined;
    const size = (): Pair => [outputs(axisOf(window, 0)), outputs(axisOf(window, 1))];

    const input = grid(scene, {
      symbol: "X",
      name: { en: "input", zh: "输入" },
      look: "tone-x",
      edit: ([r, c], value) =>
        changed(replaced(x, r - window.padding[0], c - window.padding[1], value), kind, window),
    });
    const output = grid(scene, {
      symbol: "Y",
      name: { en: "output", zh: "输出" },
      look: "tone-y",
      choose: (place) => steps.go(indexOf(place, size()[1])),
    });
    const sum = line();
    const steps = player(scene, () => draw());
    const figure = h("div", { class: "figure" });
    const work = stage(
      scene,
      figure,
      ({ outputs: results }) => {
        y = from(...size(), results["result"] ?? []);
        draw();
      },
      () => {
        y = undefined;
        draw();
      },
    );
    const draw = (): void => {
      const [rows, cols] = size();
      const [tall, wide] = [axisOf(window, 0), axisOf(window, 1)];
      const [above, before] = window.padding;
      const shown = rows > 0 && cols > 0;
      steps.draw(rows * cols);
      const [i, j] = placeOf(steps.at, Math.max(1, cols));
      const [down, across] = [taps(tall, i), taps(wide, j)];
      const known = y?.rows === rows && y.cols === cols ? y : undefined;
      input.draw({
        rows: window.size + 2 * above,
        cols: window.size + 2 * before,
        cell(r, c) {
          const value = at(x, r - above, c - before);
          const pad = Number.isNaN(value);
          const look = [
            pad ? "pad" : "",
            shown && down.includes(r) && across.includes(c) ? "tap" : "",
            shown && !(seen(tall, r) && seen(wide, c)) ? "unseen" : "",
          ];
          const text = kind === "max" ? "−∞" : "0";
          return { value, look: look.filter(Boolean).join(" "), ...(pad && { fixed: true, text }) };
        },
        frame: shown
          ? { row: i * tall.stride, col: j * wide.stride, rows: tall.kernel, cols: wide.kernel }
          : undefined,
      });
      output.element.hidden = !shown;
      if (shown)
        output.draw({
          rows,
          cols,
          cell: (r, c) => ({ value: known ? at(known, r, c) : Number.NaN }),
          current: [i, j],
          frame: { row: i, col: j, rows: 1, cols: 1 },
        });
      const values = down.flatMap((r) => across.map((c) => at(x, r - above, c - before)));
      const counted = kind === "max" ? values.filter((v) => !Number.isNaN(v)) : values.map((v) => v || 0);
      sum.draw(known ? equation(`Y[${i}, ${j}]`, pooled(kind, counted), at(known, i, j)) : [], steps.playing);
    };
    const changed = (nextX: Matrix, nextKind: Pooling, nextWindow: Window): void => {
      [x, kind, window] = [nextX, nextKind, nextWindow];
      draw();
      work.ask({ recipe: recipe(kind, window), inputs: { picture: floats(x) } });
    };

    const option = (key: "kernel" | "stride" | "padding", name: Words, low: number, high: number) =>
      ([0, 1] as const).map((d) =>
        slider(scene, {
          name,
          letter: d === 0 ? "↕" : "↔",
          low,
          high,
          value: FIRST[key][d],
          change(value) {
            const [a, b] = window[key];
            set(kind, {
              ...window,
              [key]: together.checked ? [value, value] : d === 0 ? [value, b] : [a, value],
            });
          },
        }),
      );
    const sliders = {
      kernel: option("kernel", { en: "Window", zh: "窗口" }, 1, 4),
      stride: option("stride", { en: "Stride", zh: "步幅" }, 1, 4),
      padding: option("padding", { en: "Padding", zh: "填充" }, 0, 2),
    };
    const together = h("input", { type: "checkbox", checked: true, onchange: () => sync() });
    /** Shows the present window on the sliders; those across only where they may differ. */
    const sync = (): void => {
      panel.classList.toggle("together", together.checked);
      for (const key of ["kernel", "stride", "padding"] as const)
        for (const [d, s] of sliders[key].entries()) {
          s.set(window[key][d === 0 ? 0 : 1]);
          s.element.hidden = d === 1 && together.checked;
        }
      for (const [own, radio] of radios) radio.checked = own === kind;
    };
    const set = (nextKind: Pooling, next: Window): void => {
      changed(x, nextKind, next);
      sync();
    };
    const name = scene.id("pool");
    const kinds: readonly Pooling[] = ["max", "average"];
    const radios = kinds.map(
      (own) => [own, h("input", { type: "radio", name, onchange: () => set(own, window) })] as const,
    );
    const example = (words: Words, nextKind: Pooling, next: Partial<Window>): HTMLElement =>
      preset(scene, words, () => {
        const whole = { ...FIRST, ...next };
        together.checked = whole.kernel[0] === whole.kernel[1];
        x = counting(4, 4);
        steps.go(0);
        set(nextKind, whole);
      });
    const words: Readonly<Record<Pooling, Words>> = {
      max: { en: "largest value", zh: "最大汇聚" },
      average: { en: "average", zh: "平均汇聚" },
    };
    const panel = h(
      "div",
      { class: "sliders" },
      ...Object.values(sliders)
        .flat()
        .map((s) => s.element),
      h(
        "label",
        { class: "choice" },
        together,
        scene.t({ en: "the same in both directions", zh: "两个方向相同" }),
      ),
    );
    figure.append(
      h(
        "fieldset",
        {},
        h("legend", { class: "hidden-text" }, scene.t({ en: "Kind of pooling", zh: "汇聚的种类" })),
        ...radios.map(([own, radio]) => h("label", { class: "choice" }, radio, scene.t(words[own]))),
      ),
      panel,
      work.notice,
      equationRow(input.element, "→", output.element),
      sum.element,
      h(
        "div",
        { class: "row" },
        steps.element,
        example({ en: "3×3", zh: "3×3" }, "max", { kernel: [3, 3], stride: [3, 3] }),
        example({ en: "3×3, padding 1, stride 2", zh: "3×3，填充 1，步幅 2" }, "max", {
          kernel: [3, 3],
          stride: [2, 2],
          padding: [1, 1],
        }),
        example({ en: "2×3", zh: "2×3" }, "max", { kernel: [2, 3], stride: [2, 3], padding: [0, 1] }),
        example({ en: "average 2×2", zh: "平均 2×2" }, "average", {}),
        preset(scene, { en: "Other numbers", zh: "换一组数" }, () =>
          changed(random(4, 4, 0, 20), kind, window),
        ),
      ),
    );
    set("max", FIRST);
    return [
      scene.p({
        en: "**Pooling** takes the largest or the average value of each window, channel by channel: it has nothing to learn. Its stride is usually the window’s size. What moves a little inside a window leaves the result almost as it was.",
        zh: "**汇聚层**（pooling layer，也称池化层）逐个通道地取每个窗口的最大值或平均值：它没有需要学习的参数。步幅通常等于窗口的大小。图像内容在窗口内稍有移动，结果几乎不变。",
      }),
      figure,
      scene.p(
        {
          en: "Padding never wins a maximum (it counts as −∞); in an average it counts as a zero.",
          zh: "求最大值时填充不参与（视为 −∞）；求平均值时填充按零计入。",
        },
        "hint",
      ),
      work.code,
    ];
  },
};
