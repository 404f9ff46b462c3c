/** What cannot be computed, and why: a mistake in the sizes in Weft's own words, or no device. */
import { UserError } from "../../../../compiler/errors.ts";
import { type Child, fill, h } from "../../../dom.ts";
import { messageOf } from "../../../message.ts";
import type { Words } from "../../../tab.ts";
import type { Scene } from "../scene.ts";

export interface Notice {
  readonly element: HTMLElement;
  show(error: unknown): void;
  clear(): void;
}

const MISTAKE: Words = { en: "Weft refuses these sizes:", zh: "Weft 拒绝了这组大小：" };
const RULE: Words = { en: "Rule:", zh: "规则：" };
const FIX: Words = { en: "Try:", zh: "建议：" };
const FAILED: Words = { en: "This cannot be computed here:", zh: "这里无法计算：" };

export function notice(scene: Scene): Notice {
  const element = h("div", { class: "note bad", hidden: true, attrs: { role: "status" } });
  let shown: unknown;
  const draw = (): void => {
    element.hidden = shown === undefined;
    fill(element, ...(shown === undefined ? [] : words(scene, shown)));
  };
  scene.speak(draw);
  return {
    element,
    show(error) {
      shown = error;
      draw();
    },
    clear() {
      shown = undefined;
      draw();
    },
  };
}

function words(scene: Scene, error: unknown): readonly Child[] {
  if (!(error instanceof UserError)) {
    return [h("b", {}, scene.say(FAILED)), h("span", {}, messageOf(error))];
  }
  const { problem, rule, fix } = error.diagnosis;
  const more = (title: Words, text: string | undefined): Child =>
    text !== undefined && h("span", {}, h("b", {}, scene.say(title)), " ", h("span", { lang: "en" }, text));
  return [
    h("b", {}, scene.say(MISTAKE)),
    h("span", { lang: "en" }, problem),
    more(RULE, rule),
    more(FIX, fix),
  ];
}
