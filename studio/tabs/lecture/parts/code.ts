/** The model file and the generated WGSL, folded away, with a button that copies. */
import { fill, h } from "../../../dom.ts";
import type { Words } from "../../../tab.ts";
import { highlight } from "../pure/highlight.ts";
import type { Scene } from "../scene.ts";

const SHOWN_MS = 1500;
const COPY: Words = { en: "Copy", zh: "复制" };
const COPIED: Words = { en: "Copied", zh: "已复制" };

export interface Code {
  readonly element: HTMLElement;
  draw(source: string, wgsl: readonly string[]): void;
}

export function code(scene: Scene): Code {
  const source = block(scene, { en: "The same as a model file", zh: "写成模型文件" }, "source");
  const wgsl = block(scene, { en: "The WGSL that computes it", zh: "执行计算的 WGSL" }, "wgsl");
  return {
    element: h("div", { class: "codes" }, source.element, wgsl.element),
    draw(text, kernels) {
      source.draw(text);
      wgsl.draw(kernels.join("\n"));
    },
  };
}

function block(scene: Scene, title: Words, name: string): { element: HTMLElement; draw(text: string): void } {
  const content = h("code");
  const copy = h("button", { type: "button", class: "copy" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (words: Words): void => {
    copy.textContent = scene.say(words);
  };
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(content.textContent ?? "");
      write(COPIED);
    } catch {
      getSelection()?.selectAllChildren(content); // the reader can copy it
    }
    clearTimeout(timer);
    timer = setTimeout(() => write(COPY), SHOWN_MS);
  });
  scene.speak(() => write(COPY));
  scene.atEnd(() => clearTimeout(timer));
  const element = h(
    "details",
    { class: `code ${name}` },
    h("summary", {}, scene.t(title)),
    h("div", { class: "box" }, copy, h("pre", { tabIndex: 0 }, content)),
  );
  return {
    element,
    draw(text) {
      if (content.textContent === text) return;
      const colored = highlight(text);
      fill(
        content,
        ...colored.map(({ kind, text }) => (kind === "plain" ? text : h("span", { class: kind }, text))),
      );
    },
  };
}
