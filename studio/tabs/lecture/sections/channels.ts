/** Several input channels are summed, several output channels stacked. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { channels as recipe } from "../models.ts";
import { type Grid, grid } from "../parts/grid.ts";
import { line } from "../parts/line.ts";
import { player } from "../parts/player.ts";
import { at, counting, floats, from, type Matrix, plus, replaced } from "../pure/matrix.ts";
import { show } from "../pure/numbers.ts";
import { equation, products, type Term, type Token } from "../pure/sums.ts";
import { indexOf, placeOf } from "../pure/walk.ts";
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
const NONE: Pair = [from(2, 2, []), from(2, 2, [])];

const exchanged = ([a, b]: Pair, i: number, m: Matrix): Pair => (i === 0 ? [m, b] : [a, m]);

export const channels: Topic = {
  id: "channels",
  title: { en: "Several channels", zh: "多个通道" },
  build(scene) {
    let x = PICTURE;
    let kernels = KERNELS;
    let out = 0;
    let results: readonly Matrix[] = [];
    let parts: readonly Matrix[] = [];
    const kernel = (): Pair => kernels[out] ?? NONE;

    const choose = (place: readonly [number, number]): void => steps.go(indexOf(place, 2));
    const inputs = INPUTS.map((i) =>
      grid(scene, {
        symbol: `X${"₀₁"[i]}`,
        name: NAMES[i] ?? { en: "", zh: "" },
        look: "tone-x",
        edit: ([r, c], value) => changed(exchanged(x, i, replaced(x[i], r, c, value)), kernels),
      }),
    );
    const weights = INPUTS.map((i) =>
      grid(scene, {
        symbol: `K${"₀₁"[i]}`,
        name: { en: "kernel", zh: "卷积核" },
        look: "tone-k",
        edit([r, c], value) {
          const next = exchanged(kernel(), i, replaced(kernel()[i], r, c, value));
          changed(
            x,
            kernels.map((k, o) => (o === out ? next : k)),
          );
        },
      }),
    );
    const shares = INPUTS.map((i) =>
      grid(scene, {
        symbol: `X${"₀₁"[i]}∗K${"₀₁"[i]}`,
        name: { en: "", zh: "" },
        look: "tone-y",
      }),
    );
    const output = grid(scene, {
      symbol: "Y",
      name: { en: "their sum", zh: "相加" },
      look: "tone-y",
      choose,
    });
    const sum = line();
    const steps = player(scene, () => draw());
    const figure = h("div", { class: "figure" });
    const work = stage(scene, figure, ({ outputs }) => {
      const tables = (name: string, count: number): readonly Matrix[] =>
        Array.from({ length: count }, (_, i) => from(2, 2, (outputs[name] ?? []).slice(4 * i, 4 * i + 4)));
      [results, parts] = [tables("result", 3), tables("parts", 6)];
      draw();
    });
    const share = (i: number): Matrix => parts[3 * i + out] ?? NONE[0];
    const draw = (): void => {
      steps.draw(4);
      const [i, j] = placeOf(steps.at, 2);
      const one = { row: i, col: j, rows: 1, cols: 1 };
      const read = (view: Grid, m: Matrix): void =>
        view.draw({ ...m, cell: (r, c) => ({ value: at(m, r, c) }), current: [i, j], frame: one });
      for (const n of INPUTS) {
        const window = (r: number, c: number): boolean => r >= i && r < i + 2 && c >= j && c < j + 2;
        inputs[n]?.draw({
          ...x[n],
          cell: (r, c) =>
            window(r, c)
              ? { value: at(x[n], r, c), look: "tap", corner: `×${show(at(kernel()[n], r - i, c - j))}` }
              : { value: at(x[n], r, c) },
          frame: { row: i, col: j, rows: 2, cols: 2 },
        });
        weights[n]?.draw({ ...kernel()[n], cell: (r, c) => ({ value: at(kernel()[n], r, c) }) });
        const view = shares[n];
        if (view) read(view, share(n));
      }
      const result = results[out];
      read(output, result ?? NONE[0]);
      if (!result) return;
      const terms = (n: 0 | 1): readonly Term[] =>
        kernel()[n].data.map((w, t) => [at(x[n], i + Math.floor(t / 2), j + (t % 2)), w]);
      const bracket = (tokens: readonly Token[]): readonly Token[] => [
        { kind: "sign", text: "(" },
        ...tokens,
        { kind: "sign", text: ")" },
      ];
      const between: readonly Token[] = [
        ...bracket(products(terms(0))),
        { kind: "sign", text: " + " },
        ...bracket(products(terms(1))),
        { kind: "sign", text: ` = ${show(at(share(0), i, j))} + ${show(at(share(1), i, j))}` },
      ];
      sum.draw(equation(`Y[${i}, ${j}]`, between, at(result, i, j)), steps.playing);
    };
    const changed = (nextX: Pair, nextK: readonly Pair[]): void => {
      [x, kernels] = [nextX, nextK];
      draw();
      // [out, in, 2, 2]; the same again in the order of the groups, [in · out, 1, 2, 2].
      const whole = floats(...kernels.flat());
      const apart = floats(...INPUTS.flatMap((i) => kernels.map((k) => k[i])));
      work.ask({
        recipe,
        inputs: { picture: floats(...x) },
        weights: {
          "conv2d1.weight": { shape: [3, 2, 2, 2], data: whole },
          "conv2d2.weight": { shape: [6, 1, 2, 2], data: apart },
        },
      });
    };
    const name = scene.id("out");
    const choices = OUTPUTS.map((o) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "radio",
          name,
          checked: o === 0,
          onchange() {
            out = o;
            draw();
          },
        }),
        `${o}`,
      ),
    );
    const legend = h("legend", {}, scene.t({ en: "Output channel", zh: "输出通道" }));
    const channel = (i: 0 | 1): Node[] =>
      [inputs[i], weights[i], shares[i]].flatMap((g) => (g ? [g.element] : []));
    const rows = INPUTS.map((i) => {
      const [a, b, c] = channel(i);
      return a && b && c ? equationRow(a, "∗", b, "=", c) : h("div");
    });
    figure.append(
      h("fieldset", { class: "outs" }, legend, ...choices),
      h("div", { class: "stack" }, h("div", { class: "rows" }, ...rows), equationRow("Σ", output.element)),
      h(
        "div",
        { class: "row" },
        steps.element,
        preset(scene, { en: "The lecture’s example", zh: "课程中的例子" }, () => {
          steps.go(0);
          changed(PICTURE, KERNELS);
        }),
        preset(scene, { en: "All kernels + 1", zh: "卷积核全部 + 1" }, () =>
          changed(
            x,
            kernels.map(([a, b]): Pair => [plus(a, 1), plus(b, 1)]),
          ),
        ),
      ),
      sum.element,
      work.notice,
    );
    changed(PICTURE, KERNELS);
    return [
      scene.p({
        en: "A picture with several **input channels** has a kernel for each of them; the results are **added up**. For several **output channels** this is done once for each, with other kernels: the weight is `[outputs, inputs, height, width]`, here `[3, 2, 2, 2]`.",
        zh: "图像有多个**输入通道**（channel）时，每个通道有自己的卷积核，所得的结果**相加**。要得到多个**输出通道**，就用不同的卷积核各做一次：权重的形状是 `[输出通道数, 输入通道数, 高, 宽]`，这里是 `[3, 2, 2, 2]`。",
      }),
      figure,
      scene.p(
        {
          en: "As in the lecture, output channel 1 uses the kernels K + 1, channel 2 K + 2. The convolution computes all three at once.",
          zh: "与课程一样，输出通道 1 使用卷积核 K + 1，通道 2 使用 K + 2。卷积一次就算出全部三个通道。",
        },
        "hint",
      ),
      work.code,
    ];
  },
};
