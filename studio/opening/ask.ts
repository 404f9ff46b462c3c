/** A question over the page. */
import { type Child, h } from "../dom.ts";
import "./style.css";

/**
 * Shows a dialog until it is answered, and gives the answer; undefined where it is put away (Escape). `content` is given
 * what answers.
 */
export function ask<T>(
  title: string,
  content: (answer: (value: T | undefined) => void) => readonly Child[],
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let answered: T | undefined;
    const heading = h("h2", { id: "question" }, title);
    const dialog = h("dialog", { class: "card question", attrs: { "aria-labelledby": "question" } });
    const answer = (value: T | undefined): void => {
      answered = value;
      dialog.close();
    };
    dialog.append(heading, ...content(answer).filter((child) => child instanceof Node));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answered);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
