/** What the sections of a mounted lecture share: words that follow the language, and what to undo at the end. */
import { h } from "../../dom.ts";
import type { Language, Studio, Words } from "../../tab.ts";
import { pieces } from "./pure/markup.ts";

export interface Scene {
  readonly studio: Studio;
  /** Text that follows the language. */
  t(words: Words): Text;
  /** A paragraph with `code`, **strong** and *emphasis*. */
  p(words: Words, className?: string): HTMLParagraphElement;
  /** Called now and whenever the language changes. */
  speak(tell: (language: Language) => void): void;
  /** Called when the tab is left. */
  atEnd(undo: () => void): void;
  say(words: Words): string;
  /** Unique within the page. */
  id(prefix: string): string;
}

export function scene(studio: Studio): { readonly scene: Scene; end(): void } {
  const undos: (() => void)[] = [];
  let ids = 0;
  const speak = (tell: (language: Language) => void): void => {
    undos.push(studio.language.watch(tell));
  };
  const self: Scene = {
    studio,
    speak,
    say: (words) => words[studio.language.value],
    id: (prefix) => `lecture-${prefix}-${ids++}`,
    atEnd: (undo) => undos.push(undo),
    t(words) {
      const text = document.createTextNode("");
      speak((language) => {
        text.data = words[language];
      });
      return text;
    },
    p(words, className) {
      const paragraph = h("p", className === undefined ? {} : { class: className });
      speak((language) => paragraph.replaceChildren(...pieces(words[language]).map(element)));
      return paragraph;
    },
  };
  return {
    scene: self,
    end() {
      for (const undo of undos.splice(0).toReversed()) undo();
    },
  };
}

function element({ kind, text }: ReturnType<typeof pieces>[number]): Node {
  return kind === "text" ? document.createTextNode(text) : h(kind, {}, text);
}
