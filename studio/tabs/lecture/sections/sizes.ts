/** Padding and stride: sliders, the picture of the windows, and the formula with its numbers. */
import { fill, h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { convolution } from "../models.ts";
import { grid } from "../parts/grid.ts";
import { player } from "../parts/player.ts";
import { slider } from "../parts/slider.ts";
import { type Axis, FORMULA, outputs, padded, seen, span, taps, worked } from "../pure/geometry.ts";
import { at, floats, from, type Matrix, matrix } from "../pure/matrix.ts";
import { remark } from "../pure/remark.ts";
import { indexOf, placeOf } from "../pure/walk.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

const FIRST: Axis = { size: 8, kernel: 3, padding: 1, stride: 2, dilation: 1 };

export const sizes: Topic = {
  id: "sizes",
  title: { en: "Padding and stride", zh: "填充和步幅" },
  build(scene) {
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
    const formula = h("p", { class: "formula", attrs: { "aria-live": "polite" } });
    const note = h("p", { class: "remark" });
    const work = stage(
      scene,
      figure,
      ({ outputs: results }) => {
        y = from(outputs(axis), outputs(axis), results["result"] ?? []);
        draw();
      },
      () => {
        y = undefined;
        draw();
      },
    );
    const pixels = (): Matrix => matrix(axis.size, axis.size, () => 1);
    const draw = (): void => {
      const count = outputs(axis);
      const total = padded(axis);
      steps.draw(count * count);
      const [i, j] = placeOf(steps.at, Math.max(1, count));
      const [down, across] = [taps(axis, i), taps(axis, j)];
      const shown = count > 0;
      const known = y?.rows === count ? y : undefined;
      const inside = (v: number): boolean => v >= axis.padding && v < axis.padding + axis.size;
      input.draw({
        rows: total,
        cols: total,
        cell: (r, c) => {
          const value = inside(r) && inside(c) ? 1 : 0;
          const look = [
            value === 0 ? "pad" : "",
            shown && down.includes(r) && across.includes(c) ? "tap" : "",
            shown && !(seen(axis, r) && seen(axis, c)) ? "unseen" : "",
          ];
          return { value, look: look.filter(Boolean).join(" ") };
        },
        frame: shown
          ? { row: i * axis.stride, col: j * axis.stride, rows: span(axis), cols: span(axis) }
          : undefined,
      });
      output.element.hidden = !shown;
      if (shown)
        output.draw({
          rows: count,
          cols: count,
          cell: (r, c) => ({ value: known ? at(known, r, c) : Number.NaN }),
          current: [i, j],
          frame: { row: i, col: j, rows: 1, cols: 1 },
        });
      const [numbers = "", short = "", size = ""] = worked(axis);
      const part = (name: string, text: string): HTMLElement => h("span", { class: name }, text);
      fill(
        formula,
        part("general", `${FORMULA}`),
        part("numbers", ` = ${numbers}`),
        ...(shown ? [part("short", ` = ${short}`), part("result", ` = ${size}`)] : []),
      );
      const words = remark(axis);
      note.hidden = words === undefined;
      note.textContent = words ? scene.say(words) : "";
    };
    const changed = (next: Axis): void => {
      axis = next;
      y = undefined;
      draw();
      const { size, kernel, padding, stride, dilation } = axis;
      const pair = (v: number): readonly [number, number] => [v, v];
      const window = { size, kernel: pair(kernel), padding: pair(padding), stride: pair(stride), dilation };
      work.ask({ recipe: convolution(window), inputs: { picture: floats(pixels()) } });
    };
    const control = (key: keyof Axis, name: Words, letter: string, low: number, high: number) =>
      slider(scene, {
        name,
        letter,
        low,
        high,
        value: FIRST[key],
        change: (value) => changed({ ...axis, [key]: value }),
      });
    const sliders = {
      size: control("size", { en: "Input", zh: "输入" }, "n", 1, 10),
      kernel: control("kernel", { en: "Kernel", zh: "卷积核" }, "k", 1, 5),
      padding: control("padding", { en: "Padding", zh: "填充" }, "p", 0, 3),
      stride: control("stride", { en: "Stride", zh: "步幅" }, "s", 1, 4),
      dilation: control("dilation", { en: "Dilation", zh: "膨胀" }, "d", 1, 3),
    };
    const example = (words: Words, next: Axis): HTMLElement =>
      preset(scene, words, () => {
        steps.go(0);
        sliders.size.set(next.size);
        sliders.kernel.set(next.kernel);
        sliders.padding.set(next.padding);
        sliders.stride.set(next.stride);
        sliders.dilation.set(next.dilation);
        changed(next);
      });
    figure.append(
      h("div", { class: "sliders" }, ...Object.values(sliders).map((s) => s.element)),
      formula,
      note,
      work.notice,
      equationRow(input.element, "→", output.element),
      h(
        "div",
        { class: "row" },
        steps.element,
        example({ en: "Same size", zh: "大小不变" }, { ...FIRST, stride: 1 }),
        example({ en: "Half", zh: "减半" }, FIRST),
        example({ en: "LeNet’s first", zh: "LeNet 第一层" }, { ...FIRST, kernel: 5, padding: 2, stride: 1 }),
        example({ en: "Dilated", zh: "膨胀卷积" }, { ...FIRST, padding: 0, stride: 1, dilation: 2 }),
      ),
    );
    scene.speak(draw);
    changed(FIRST);
    return [
      scene.p({
        en: "**Padding** adds *p* zeros at each side, so that a kernel also finds room at the border. A **stride** *s* takes every *s*-th place. **Dilation** *d* spreads the kernel’s taps: it spans d(k − 1) + 1 pixels.",
        zh: "**填充**（padding）在每一侧添加 *p* 个零，使卷积核在边界处也有位置。**步幅**（stride）*s* 表示每隔 *s* 个位置取一个。**膨胀**（dilation）*d* 把卷积核的元素拉开：它跨越 d(k − 1) + 1 个像素。",
      }),
      figure,
      scene.p(
        {
          en: "Input and kernel are all ones here, so each output counts the pixels that its window sees: fewer at a padded border.",
          zh: "这里的输入和卷积核全是 1，所以每个输出就是它的窗口看到的像素个数：在填充过的边界处会少一些。",
        },
        "hint",
      ),
      work.code,
    ];
  },
};
