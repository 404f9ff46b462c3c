/** A topic of the lecture: heading, words, something to try, its code; and how its model is computed. */
import { compile } from "../../../compiler/compile.ts";
import { h } from "../../dom.ts";
import type { Words } from "../../tab.ts";
import { type Answer, type Job, runner } from "./compute.ts";
import type { Recipe } from "./models.ts";
import { code } from "./parts/code.ts";
import { notice } from "./parts/notice.ts";
import type { Scene } from "./scene.ts";

export interface Topic {
  readonly id: string;
  readonly title: Words;
  build(scene: Scene): Node[];
}

export interface Stage {
  /** Goes where a result is shown: the message if there is none. */
  readonly notice: HTMLElement;
  readonly code: HTMLElement;
  ask(job: Job): void;
}

/** Computes a section's model. `element` is busy until the newest answer is drawn. */
export function stage(
  scene: Scene,
  element: HTMLElement,
  answered: (answer: Answer) => void,
  failed: () => void = () => {},
): Stage {
  const message = notice(scene);
  const block = code(scene);
  let asked: Job | undefined;
  const run = runner(
    scene.studio,
    (answer) => {
      message.clear();
      element.classList.remove("failed");
      block.draw(
        asked?.recipe.source ?? "",
        answer.program.kernels.map((k) => k.wgsl),
      );
      answered(answer);
      element.ariaBusy = "false";
    },
    (error) => {
      message.show(error);
      element.classList.add("failed");
      if (asked) block.draw(asked.recipe.source, kernelsOf(asked.recipe));
      failed();
      element.ariaBusy = "false";
    },
  );
  scene.atEnd(() => run.end());
  return {
    notice: message.element,
    code: block.element,
    ask(job) {
      asked = job;
      element.ariaBusy = "true";
      run.ask(job);
    },
  };
}

/** The WGSL for any adapter, where there is none to compute on; none where the sizes do not fit. */
function kernelsOf(recipe: Recipe): readonly string[] {
  try {
    return compile(recipe.graph()).program.kernels.map((k) => k.wgsl);
  } catch {
    return [];
  }
}

/** A button that sets an example. */
export const preset = (scene: Scene, words: Words, set: () => void): HTMLButtonElement =>
  h("button", { type: "button", class: "preset", onclick: set }, scene.t(words));

/** `X ∗ K = Y` in a row that wraps. */
export const equationRow = (...parts: readonly (Node | string)[]): HTMLElement =>
  h(
    "div",
    { class: "equation" },
    ...parts.map((p) =>
      typeof p === "string" ? h("span", { class: "operator", attrs: { "aria-hidden": true } }, p) : p,
    ),
  );
