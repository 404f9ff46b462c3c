/** Learning the kernel [1, −1] from the picture and its edges, step by step, by the real trainer. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { Course } from "../course.ts";
import { learner, type Point, trainingFor } from "../learner.ts";
import { learned } from "../models.ts";
import { chart } from "../parts/chart.ts";
import { code } from "../parts/code.ts";
import { notice } from "../parts/notice.ts";
import { slider } from "../parts/slider.ts";
import { decimals } from "../pure/numbers.ts";
import type { Scene } from "../scene.ts";
import type { Topic } from "../section.ts";

export const learning: Topic = {
  id: "learning",
  title: { en: "Learning the kernel", zh: "学习卷积核" },
  build(scene) {
    const block = code(scene);
    const showCode = (): void => {
      const { step } = trainingFor(scene.studio.target.value);
      const kernels = step.kernels.map(({ wgsl }) => wgsl);
      block.draw(learned.source, kernels);
    };
    showCode();
    return [scene.p(INTRODUCTION), figureOf(scene, showCode), scene.p(HINT, "hint"), block.element];
  },
};

const INTRODUCTION: Words = {
  en: "Nobody has to know `[1, −1]`: it can be learned from the picture and its edges. One convolution with two weights starts at random; each step goes down the gradient of the summed squared error, Σ(Ŷ − Y)².",
  zh: "不必有人事先知道 `[1, −1]`：它可以从图像和图像的边缘中学出来。一个只有两个权重的卷积层从随机值开始；每一步都沿着平方误差（squared error）之和 Σ(Ŷ − Y)² 的梯度（gradient）下降。",
};
const HINT: Words = {
  en: "Why it works from anywhere: the error of w₀ + w₁ is multiplied by 1 − 60η at each step, that of w₀ − w₁ by 1 − 12η. With η = 0.03 these are −0.8 and 0.64. Above η = 1/30 the first is below −1, and the error grows: try 0.035.",
  zh: "为什么从任何起点都行得通：每一步，w₀ + w₁ 的误差乘以 1 − 60η，w₀ − w₁ 的误差乘以 1 − 12η。当 η = 0.03 时，二者分别是 −0.8 和 0.64。当 η 超过 1/30 时，前者小于 −1，误差反而会增大：试试 0.035。",
};

/** `begun`: a training has begun, on whatever adapter there is. */
function figureOf(scene: Scene, begun: () => void): HTMLElement {
  const message = notice(scene);
  const status = h("p", { class: "status", attrs: { role: "status" } });
  const table = stepTable(scene);
  const plot = chart(scene);
  const figure = h("div", { class: "figure" });
  const options = startOptions(scene, () => begin());
  const course = new Course(learner(scene.studio), () => options.rate(), {
    changed() {
      buttons.update();
      options.update();
      table.draw(course.points);
      plot.draw(course.points);
    },
    rested() {
      const last = course.points.at(-1);
      if (last) status.textContent = scene.say(wordsOf(last));
    },
    failed: message.show,
  });
  const begin = (): void => {
    figure.ariaBusy = "true";
    course
      .begin(options.seed())
      .then((isNewest) => {
        if (!isNewest) return;
        figure.ariaBusy = "false";
        if (course.points.length === 0) return;
        message.clear();
        begun();
      })
      .catch(message.show);
  };
  const buttons = courseButtons(scene, course, begin);
  scene.atEnd(() => course.end());
  scene.speak(() => {
    course.listener.changed();
    course.listener.rested();
  });
  figure.append(buttons.element, plot.element, status, message.element, table.element, options.element);
  begin();
  return figure;
}

function wordsOf({ step, loss, kernel }: Point): Words {
  const [a = 0, b = 0] = kernel.map((w) => decimals(w, 4));
  if (step === 0) return { en: `The kernel starts at [${a}, ${b}].`, zh: `卷积核从 [${a}, ${b}] 开始。` };
  const shown = loss === undefined ? "" : decimals(loss, 3);
  return {
    en: `Step ${step}: loss ${shown}, kernel [${a}, ${b}].`,
    zh: `第 ${step} 步：损失 ${shown}，卷积核 [${a}, ${b}]。`,
  };
}

function courseButtons(
  scene: Scene,
  course: Course,
  begin: () => void,
): { readonly element: HTMLElement; update(): void } {
  const button = (name: string, words: Words, onclick: () => void): HTMLButtonElement =>
    h("button", { type: "button", class: name, onclick }, scene.t(words));
  const run = h("button", {
    type: "button",
    class: "primary run",
    onclick: () => (course.running ? course.pause() : course.start()),
  });
  const step = button("step", { en: "One step", zh: "走一步" }, () => course.once());
  const reset = button("reset", { en: "Reset", zh: "重置" }, begin);
  return {
    element: h("div", { class: "row" }, run, step, reset),
    update() {
      const { running, goal } = course;
      run.textContent = scene.say(
        running
          ? { en: "❚❚ Pause", zh: "❚❚ 暂停" }
          : { en: `▶ Run to step ${goal}`, zh: `▶ 运行到第 ${goal} 步` },
      );
      step.disabled = running;
    },
  };
}

interface StartOptions {
  readonly element: HTMLElement;
  /** Undefined: the lecture's start. */
  seed(): number | undefined;
  rate(): number;
  update(): void;
}

/** Where a training starts, and how fast it goes; `changed` is called where it is to start elsewhere. */
function startOptions(scene: Scene, changed: () => void): StartOptions {
  const rate = slider(scene, {
    name: { en: "Learning rate", zh: "学习率" },
    low: 0.005,
    high: 0.04,
    step: 0.0025,
    value: 0.03,
    show: (value) => `${Number(value.toFixed(4))}`,
    change: () => {},
  });
  const seed = h("input", {
    type: "number",
    min: "0",
    max: "4294967295",
    step: "1",
    value: "0",
    id: scene.id("seed"),
    onchange: changed,
  });
  const lecture = h("input", { type: "checkbox", checked: true, onchange: changed });
  const choices = h(
    "div",
    { class: "row" },
    h("label", { class: "choice" }, lecture, scene.t({ en: "the lecture’s start", zh: "课程的起点" })),
    h("label", { class: "choice" }, scene.t({ en: "seed", zh: "种子" }), seed),
  );
  return {
    element: h("div", { class: "sliders" }, rate.element, choices),
    seed: () => (lecture.checked ? undefined : seed.valueAsNumber || 0),
    rate: () => rate.value,
    update() {
      seed.disabled = lecture.checked;
    },
  };
}

/** A row for each step. */
function stepTable(scene: Scene): { readonly element: HTMLElement; draw(points: readonly Point[]): void } {
  const rows = h("tbody");
  const column = (words: Words, span = 1, look = ""): HTMLElement =>
    h("th", { scope: "col", colSpan: span, class: look }, scene.t(words));
  const heads = h(
    "tr",
    {},
    column({ en: "step", zh: "步" }),
    column({ en: "loss", zh: "损失" }),
    h("th", { scope: "col" }, "w₀"),
    h("th", { scope: "col" }, "w₁"),
    column({ en: "a row of its edges", zh: "它给出的一行边缘" }, 7, "seen"),
  );
  const attrs = { role: "group", "aria-labelledby": "lecture-learning-title" };
  const table = h("table", { class: "steps" }, h("thead", {}, heads), rows);
  const row = ({ step, loss, kernel, row: edges }: Point, isLast: boolean): HTMLElement =>
    h(
      "tr",
      isLast ? { class: "last" } : {},
      h("th", { scope: "row" }, step === 0 ? scene.say({ en: "start", zh: "起点" }) : step),
      h("td", {}, loss === undefined ? "" : decimals(loss, 3)),
      ...kernel.map((w) => h("td", {}, decimals(w, 4))),
      ...edges.map((y) => h("td", { class: "seen" }, decimals(y, 2))),
    );
  return {
    element: h("div", { class: "scroll", tabIndex: 0, attrs }, table),
    draw: (points) => rows.replaceChildren(...points.map((p, i) => row(p, i === points.length - 1))),
  };
}
