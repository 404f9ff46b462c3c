/** Which pictures are learnt from: those that the page draws, or files. */
import { h } from "../../dom.ts";
import type { ServedSet } from "../../project.ts";
import { type Chosen, missing, partOf } from "./data.ts";
import type { Text } from "./text.ts";

/** "shapes" are drawn here, "files" are chosen; else the name of a set that the server has. */
export type SourceName = "shapes" | "files" | ServedSet["name"];

export interface Pictures {
  source: SourceName;
  chosen: Chosen;
}

export interface PictureSource {
  readonly element: HTMLElement;
  /** Shows what is entered. */
  update(): void;
  takeFiles(files: readonly File[]): void;
}

/** `entered` is kept up to date; `changed` is called after each change. `sets`: what the server has, or downloads. */
export function pictureSource(
  entered: Pictures,
  sets: readonly ServedSet[],
  text: Text,
  changed: () => void,
): PictureSource {
  const radio = (value: Pictures["source"]): HTMLInputElement =>
    h("input", {
      type: "radio",
      name: "source",
      value,
      checked: entered.source === value,
      onchange() {
        entered.source = value;
        changed();
      },
    });
  const [shapes, files] = [radio("shapes"), radio("files")];
  const served = sets.map((set) => {
    const name = text.setNames[set.name] ?? set.name;
    const words = set.here ? name : text.toDownload(name, Math.round(set.bytes / 1e6));
    return h("label", { class: "choice" }, radio(set.name), words);
  });
  const picker = h("input", {
    type: "file",
    multiple: true,
    class: "hidden-text",
    accept: ".gz,application/gzip,application/octet-stream",
    id: "train-files",
    onchange: () => takeFiles([...(picker.files ?? [])]),
  });
  const hint = h("p", { class: "quiet-text small", attrs: { role: "status" } });
  const choose = h(
    "div",
    { class: "choose" },
    h("label", { class: "button" }, text.chooseFiles, picker),
    hint,
  );
  const takeFiles = (given: readonly File[]): void => {
    entered.source = "files";
    entered.chosen = withFiles(entered.chosen, given);
    changed();
    const strangers = given.filter((file) => partOf(file.name) === undefined).map((file) => file.name);
    if (strangers.length > 0) hint.textContent = text.notOne(strangers.join(", "));
  };
  return {
    element: h(
      "fieldset",
      {},
      h("legend", {}, text.pictures),
      ...served,
      h("label", { class: "choice" }, shapes, text.shapes),
      h("label", { class: "choice" }, files, text.files),
      choose,
    ),
    update() {
      files.checked = entered.source === "files";
      choose.hidden = entered.source !== "files";
      hint.textContent = hintFor(missing(entered.chosen), text);
    },
    takeFiles,
  };
}

function withFiles(chosen: Chosen, files: readonly File[]): Chosen {
  const parts = files.flatMap((file) => {
    const part = partOf(file.name);
    return part ? [[part, file] as const] : [];
  });
  return { ...chosen, ...Object.fromEntries(parts) };
}

function hintFor(left: readonly string[], text: Text): string {
  if (left.length === 4) return text.filesHint;
  return left.length > 0 ? text.stillMissing(left.join(", ")) : text.allThere;
}
