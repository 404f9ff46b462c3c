/** Learning the kernel [1, −1] from the picture and its edges, step by step, by the real trainer. */
import { h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { learner, type Point, trainingFor } from "../learner.ts";
import { learned } from "../models.ts";
import { chart } from "../parts/chart.ts";
import { code } from "../parts/code.ts";
import { notice } from "../parts/notice.ts";
import { slider } from "../parts/slider.ts";
import { decimals } from "../pure/numbers.ts";
import type { Topic } from "../section.ts";

const PAUSE_MS = 350;
/** As many as in the lecture; asked for again, as many more. */
const STEPS = 10;

export const learning: Topic = {
  id: "learning",
  title: { en: "Learning the kernel", zh: "学习卷积核" },
  build(scene) {
    const message = notice(scene);
    const block = code(scene);
    const pupil = learner(scene.studio);
    let points: readonly Point[] = [];
    let goal = STEPS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let running = false;

    const status = h("p", { class: "status", attrs: { role: "status" } });
    const rows = h("tbody");
    const plot = chart(scene);
    const seed = h("input", {
      type: "number",
      min: "0",
      max: "4294967295",
      step: "1",
      value: "0",
      id: scene.id("seed"),
    });
    const lecture = h("input", { type: "checkbox", checked: true });
    const run = h("button", {
      type: "button",
      class: "primary run",
      onclick: () => (running ? pause() : start()),
    });
    const step = h(
      "button",
      { type: "button", class: "step", onclick: () => once() },
      scene.t({ en: "One step", zh: "走一步" }),
    );
    const reset = h(
      "button",
      { type: "button", class: "reset", onclick: () => begin() },
      scene.t({ en: "Reset", zh: "重置" }),
    );

    const words = (): void => {
      const text: Words = running
        ? { en: "❚❚ Pause", zh: "❚❚ 暂停" }
        : { en: `▶ Run to step ${goal}`, zh: `▶ 运行到第 ${goal} 步` };
      run.textContent = scene.say(text);
      step.disabled = running;
      seed.disabled = lecture.checked;
    };
    const draw = (): void => {
      words();
      const last = points.at(-1);
      const header: Words = { en: "start", zh: "起点" };
      rows.replaceChildren(
        ...points.map((p) =>
          h(
            "tr",
            p === last ? { class: "last" } : {},
            h("th", { scope: "row" }, p.step === 0 ? scene.say(header) : p.step),
            h("td", {}, p.loss === undefined ? "" : decimals(p.loss, 3)),
            ...p.kernel.map((w) => h("td", {}, decimals(w, 4))),
            ...p.row.map((y) => h("td", { class: "seen" }, decimals(y, 2))),
          ),
        ),
      );
      plot.draw(points);
    };
    const tell = (): void => {
      const last = points.at(-1);
      if (!last) return;
      const [a = 0, b = 0] = last.kernel.map((w) => decimals(w, 4));
      const loss = last.loss === undefined ? "" : decimals(last.loss, 3);
      status.textContent = scene.say(
        last.step === 0
          ? { en: `The kernel starts at [${a}, ${b}].`, zh: `卷积核从 [${a}, ${b}] 开始。` }
          : {
              en: `Step ${last.step}: loss ${loss}, kernel [${a}, ${b}].`,
              zh: `第 ${last.step} 步：损失 ${loss}，卷积核 [${a}, ${b}]。`,
            },
      );
    };
    const failed = (error: unknown): void => {
      running = false;
      message.show(error);
      draw();
    };
    const advance = async (): Promise<void> => {
      const next = await pupil.step(rate.value);
      if (next) points = [...points, next];
      draw();
    };
    const pause = (): void => {
      running = false;
      clearTimeout(timer);
      draw();
      tell();
    };
    const beat = (): void => {
      if (!running) return;
      advance().then(() => {
        if (!running) return;
        if ((points.at(-1)?.step ?? 0) >= goal) {
          goal += STEPS;
          pause();
        } else timer = setTimeout(beat, PAUSE_MS);
      }, failed);
    };
    const start = (): void => {
      running = true;
      words();
      beat();
    };
    const once = (): void => {
      advance().then(() => {
        if ((points.at(-1)?.step ?? 0) >= goal) goal += STEPS;
        words();
        tell();
      }, failed);
    };
    const showCode = (): void => {
      const { step: program } = trainingFor(scene.studio.target.value);
      block.draw(
        learned.source,
        program.kernels.map((k) => k.wgsl),
      );
    };
    const begin = (): void => {
      running = false;
      clearTimeout(timer);
      goal = STEPS;
      figure.ariaBusy = "true";
      pupil
        .begin(lecture.checked ? undefined : seed.valueAsNumber || 0)
        .then((first) => {
          if (!first) return;
          points = [first];
          message.clear();
          showCode();
          draw();
          tell();
          figure.ariaBusy = "false";
        })
        .catch((error: unknown) => {
          points = [];
          failed(error);
          figure.ariaBusy = "false";
        });
    };
    const rate = slider(scene, {
      name: { en: "Learning rate", zh: "学习率" },
      low: 0.005,
      high: 0.04,
      step: 0.0025,
      value: 0.03,
      show: (value) => `${Number(value.toFixed(4))}`,
      change: () => {},
    });
    lecture.addEventListener("change", begin);
    seed.addEventListener("change", begin);
    scene.atEnd(() => {
      running = false;
      clearTimeout(timer);
      pupil.end();
    });
    scene.speak(() => {
      draw();
      tell();
    });
    const column = (words: Words, span = 1, look = ""): HTMLElement =>
      h("th", { scope: "col", colSpan: span, class: look }, scene.t(words));
    const figure = h(
      "div",
      { class: "figure" },
      h("div", { class: "row" }, run, step, reset),
      plot.element,
      status,
      message.element,
      h(
        "div",
        {
          class: "scroll",
          tabIndex: 0,
          attrs: { role: "group", "aria-labelledby": "lecture-learning-title" },
        },
        h(
          "table",
          { class: "steps" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              column({ en: "step", zh: "步" }),
              column({ en: "loss", zh: "损失" }),
              h("th", { scope: "col" }, "w₀"),
              h("th", { scope: "col" }, "w₁"),
              column({ en: "a row of its edges", zh: "它给出的一行边缘" }, 7, "seen"),
            ),
          ),
          rows,
        ),
      ),
      h(
        "div",
        { class: "sliders" },
        rate.element,
        h(
          "div",
          { class: "row" },
          h("label", { class: "choice" }, lecture, scene.t({ en: "the lecture’s start", zh: "课程的起点" })),
          h("label", { class: "choice" }, scene.t({ en: "seed", zh: "种子" }), seed),
        ),
      ),
    );
    showCode();
    begin();
    return [
      scene.p({
        en: "Nobody has to know `[1, −1]`: it can be learned from the picture and its edges. One convolution with two weights starts at random; each step goes down the gradient of the summed squared error, Σ(Ŷ − Y)².",
        zh: "不必有人事先知道 `[1, −1]`：它可以从图像和图像的边缘中学出来。一个只有两个权重的卷积层从随机值开始；每一步都沿着平方误差（squared error）之和 Σ(Ŷ − Y)² 的梯度（gradient）下降。",
      }),
      figure,
      scene.p(
        {
          en: "Why it works from anywhere: the error of w₀ + w₁ is multiplied by 1 − 60η at each step, that of w₀ − w₁ by 1 − 12η. With η = 0.03 these are −0.8 and 0.64. Above η = 1/30 the first is below −1, and the error grows: try 0.035.",
          zh: "为什么从任何起点都行得通：每一步，w₀ + w₁ 的误差乘以 1 − 60η，w₀ − w₁ 的误差乘以 1 − 12η。当 η = 0.03 时，二者分别是 −0.8 和 0.64。当 η 超过 1/30 时，前者小于 −1，误差反而会增大：试试 0.035。",
        },
        "hint",
      ),
      block.element,
    ];
  },
};
