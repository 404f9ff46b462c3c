/** Several input channels are summed, several output channels stacked. */
import type { Weights } from "../../../../contract/weights.ts";
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { channels as recipe } from "../models.ts";
import { type Grid, grid, type View } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { oneAt, plain } from "../parts/views.ts";
import { at, counting, floats, from, type Matrix, plus, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { equation, products, type Term, type Token } from "../pure/sums.ts";
import { indexOf, type Place, placeOf } from "../pure/walk.ts";
import type { Scene } from "../scene.ts";
import { equationRow, preset, stage, type Topic } from "../section.ts";

const OUTPUTS = [0, 1, 2] as const;
const INPUTS = [0, 1] as const;
type Pair = readonly [Matrix, Matrix];

const PICTURE: Pair = [counting(3, 3), counting(3, 3, 1)];
/** K, K + 1 and K + 2. */
const KERNELS: readonly Pair[] = OUTPUTS.map((o) => [counting(2, 2, o), counting(2, 2, o + 1)]);
const NAMES: readonly Words[] = [
  { en: "channel 0", zh: "通道 0" },
  { en: "channel 1", zh: "通道 1" },
];
const UNNAMED: Words = { en: "", zh: "" };
const NONE: Pair = [from(2, 2, []), from(2, 2, [])];

const exchanged = ([a, b]: Pair, i: 0 | 1, m: Matrix): Pair => (i === 0 ? [m, b] : [a, m]);

export const channels: Topic = {
  id: "channels",
  title: { en: "Several channels", zh: "多个通道" },
  build(scene) {
    const { figure, code } = figureOf(scene);
    return [scene.p(INTRODUCTION), figure, scene.p(HINT, "hint"), code];
  },
};

const INTRODUCTION: Words = {
  en: "A picture with several **input channels** has a kernel for each of them; the results are **added up**. For several **output channels** this is done once for each, with other kernels: the weight is `[outputs, inputs, height, width]`, here `[3, 2, 2, 2]`.",
  zh: "图像有多个**输入通道**（channel）时，每个通道有自己的卷积核，所得的结果**相加**。要得到多个**输出通道**，就用不同的卷积核各做一次：权重的形状是 `[输出通道数, 输入通道数, 高, 宽]`，这里是 `[3, 2, 2, 2]`。",
};
const HINT: Words = {
  en: "As in the lecture, output channel 1 uses the kernels K + 1, channel 2 K + 2. The convolution computes all three at once.",
  zh: "与课程一样，输出通道 1 使用卷积核 K + 1，通道 2 使用 K + 2。卷积一次就算出全部三个通道。",
};

interface Shown {
  readonly x: Pair;
  /** Of the output channel that is shown. */
  readonly kernel: Pair;
  /** What each input channel gives. */
  readonly parts: Pair;
  /** Their sum; undefined until it is known. */
  readonly sum: Matrix | undefined;
}

function figureOf(scene: Scene): { readonly figure: HTMLElement; readonly code: HTMLElement } {
  let x = PICTURE;
  let kernels = KERNELS;
  let out = 0;
  let [results, parts]: readonly (readonly Matrix[])[] = [];
  const tables = gridsOf(scene, {
    editPicture: (i, [r, c], value) => change(exchanged(x, i, replaced(x[i], r, c, value)), kernels),
    editKernel(i, [r, c], value) {
      const edited = (pair: Pair): Pair => exchanged(pair, i, replaced(pair[i], r, c, value));
      change(
        x,
        kernels.map((pair, o) => (o === out ? edited(pair) : pair)),
      );
    },
    choose: (place) => steps.go(indexOf(place, 2)),
  });
  const sum = line();
  const steps = player(scene, () => draw());
  const figure = h("div", { class: "figure" });
  const work = stage(scene, figure, ({ outputs }) => {
    [results, parts] = [matrices(outputs["result"], 3), matrices(outputs["parts"], 6)];
    draw();
  });
  const draw = (): void => {
    steps.draw(4);
    const place = placeOf(steps.at, 2);
    const part = (i: number): Matrix => parts?.[3 * i + out] ?? NONE[0];
    const shown: Shown = { x, kernel: kernels[out] ?? NONE, parts: [part(0), part(1)], sum: results?.[out] };
    tables.draw(shown, place);
    if (shown.sum) sum.draw(equationOf(shown, shown.sum, place), steps.playing);
  };
  const change = (nextX: Pair, nextKernels: readonly Pair[]): void => {
    [x, kernels] = [nextX, nextKernels];
    draw();
    work.ask({ recipe, inputs: { picture: floats(...x) }, weights: weightsOf(kernels) });
  };
  const choice = outputChoice(scene, (chosen) => {
    out = chosen;
    draw();
  });
  const lecture = preset(scene, { en: "The lecture’s example", zh: "课程中的例子" }, () => {
    steps.go(0);
    change(PICTURE, KERNELS);
  });
  const raised = preset(scene, { en: "All kernels + 1", zh: "卷积核全部 + 1" }, () =>
    change(
      x,
      kernels.map(([a, b]): Pair => [plus(a, 1), plus(b, 1)]),
    ),
  );
  const buttons = h("div", { class: "row" }, steps.element, lecture, raised);
  figure.append(choice, tables.element, buttons, sum.element, work.notice);
  change(PICTURE, KERNELS);
  return { figure, code: work.code };
}

const matrices = (values: readonly number[] = [], count: number): readonly Matrix[] =>
  Array.from({ length: count }, (_, i) => from(2, 2, values.slice(4 * i, 4 * i + 4)));

/** [out, in, 2, 2]; the same again in the order of the groups, [in · out, 1, 2, 2]. */
function weightsOf(kernels: readonly Pair[]): Weights {
  const whole = floats(...kernels.flat());
  const apart = floats(...INPUTS.flatMap((i) => kernels.map((k) => k[i])));
  return {
    "conv2d1.weight": { shape: [3, 2, 2, 2], data: whole },
    "conv2d2.weight": { shape: [6, 1, 2, 2], data: apart },
  };
}

interface Events {
  readonly editPicture: (channel: 0 | 1, place: Place, value: number) => void;
  readonly editKernel: (channel: 0 | 1, place: Place, value: number) => void;
  readonly choose: (place: Place) => void;
}

/** `X ∗ K = X ∗ K` for each input channel, and their sum. */
function gridsOf(
  scene: Scene,
  { editPicture, editKernel, choose }: Events,
): { readonly element: HTMLElement; draw(shown: Shown, place: Place): void } {
  const channels = INPUTS.map((i) => {
    const [symbol, name] = ["₀₁"[i] ?? "", NAMES[i] ?? UNNAMED];
    const input = grid(scene, {
      symbol: `X${symbol}`,
      name,
      look: "tone-x",
      edit: (place, value) => editPicture(i, place, value),
    });
    const kernel = grid(scene, {
      symbol: `K${symbol}`,
      name: { en: "kernel", zh: "卷积核" },
      look: "tone-k",
      edit: (place, value) => editKernel(i, place, value),
    });
    const share = grid(scene, { symbol: `X${symbol}∗K${symbol}`, name: UNNAMED, look: "tone-y" });
    return { i, input, kernel, share };
  });
  const sum = grid(scene, { symbol: "Y", name: { en: "their sum", zh: "相加" }, look: "tone-y", choose });
  const rows = channels.map(({ input, kernel, share }) =>
    equationRow(input.element, "∗", kernel.element, "=", share.element),
  );
  return {
    element: h(
      "div",
      { class: "stack" },
      h("div", { class: "rows" }, ...rows),
      equationRow("Σ", sum.element),
    ),
    draw(shown, place) {
      const read = (view: Grid, m: Matrix): void =>
        view.draw({ ...plain(m), current: place, frame: oneAt(place) });
      for (const { i, input, kernel, share } of channels) {
        input.draw(inputView(shown.x[i], shown.kernel[i], place));
        kernel.draw(plain(shown.kernel[i]));
        read(share, shown.parts[i]);
      }
      read(sum, shown.sum ?? NONE[0]);
    },
  };
}

/** A channel with the window at a place of the output. */
function inputView(x: Matrix, kernel: Matrix, [i, j]: Place): View {
  const inWindow = (r: number, c: number): boolean => r >= i && r < i + 2 && c >= j && c < j + 2;
  return {
    ...x,
    cell: (r, c) =>
      inWindow(r, c)
        ? { value: at(x, r, c), look: "tap", corner: `×${show(at(kernel, r - i, c - j))}` }
        : { value: at(x, r, c) },
    frame: { row: i, col: j, rows: 2, cols: 2 },
  };
}

function equationOf({ x, kernel, parts }: Shown, sum: Matrix, [i, j]: Place): readonly Token[] {
  const sign = (text: string): Token => ({ kind: "sign", text });
  const terms = (n: 0 | 1): readonly Term[] =>
    kernel[n].data.map((w, t) => [at(x[n], i + Math.floor(t / 2), j + (t % 2)), w]);
  const bracket = (n: 0 | 1): readonly Token[] => [sign("("), ...products(terms(n)), sign(")")];
  const shares = sign(` = ${show(at(parts[0], i, j))} + ${show(at(parts[1], i, j))}`);
  return equation(`Y[${i}, ${j}]`, [...bracket(0), sign(" + "), ...bracket(1), shares], at(sum, i, j));
}

function outputChoice(scene: Scene, chosen: (out: number) => void): HTMLElement {
  const name = scene.id("out");
  const choices = OUTPUTS.map((out) => {
    const onchange = (): void => chosen(out);
    return h(
      "label",
      { class: "choice" },
      h("input", { type: "radio", name, checked: out === 0, onchange }),
      `${out}`,
    );
  });
  const legend = h("legend", {}, scene.t({ en: "Output channel", zh: "输出通道" }));
  return h("fieldset", { class: "outs" }, legend, ...choices);
}
