/** The source pane: the editor, what is wrong with the model, and saving. */
import { fill, h } from "../../dom.ts";
import { messageOf } from "../../message.ts";
import { type Editor, editor } from "./editor.ts";
import { Marks } from "./marks.ts";
import { chooseLayer, type State } from "./state.ts";
import { verdictOf } from "./verdict.ts";

export function sourcePane(state: State): HTMLElement {
  const { bench } = state.studio;
  const verdict = verdictOf(state);
  const store = (): Promise<void> =>
    stored(state, code.path).catch((error) => verdict.complain(messageOf(error)));
  const code = editor(bench.language, "TypeScript", {
    change(text) {
      bench.edit(code.path, text);
      marks.check();
    },
    line(line) {
      const row = state.view.value?.layers.find((l) => l.at?.file === code.path && l.at.line === line);
      if (row) chooseLayer(state, row.name);
    },
    save: () => void store(),
  });
  const marks = new Marks(state, code);
  state.leave(() => code.destroy());
  const open = (path: string): void => {
    code.open(path, bench.files.value.get(path) ?? "");
    head.update(path);
    marks.anew();
  };
  const head = headOf(state, { open, save: () => void store(), revert: () => bench.revert(code.path) });
  const draw = (): void => {
    head.update(code.path);
    verdict.update(bench.status.value);
  };
  open(bench.entry.value);
  state.watch(bench.files, (all) => {
    if (!all.has(code.path)) return open(bench.entry.value);
    head.update(code.path);
    code.open(code.path, all.get(code.path) ?? "");
  });
  state.watch(bench.status, ({ kind }) => {
    draw();
    marks.update();
    if (kind !== "compiling" && marks.waits) marks.check();
  });
  state.watch(bench.edited, draw);
  state.speak(draw);
  follow(state, code, open);
  return h(
    "section",
    { class: "card pane source", attrs: { "aria-labelledby": "source-title" } },
    head.element,
    code.element,
    verdict.element,
  );
}

interface Head {
  readonly element: HTMLElement;
  /** The file that is shown. */
  update(path: string): void;
}

interface HeadEvents {
  readonly open: (path: string) => void;
  readonly save: () => void;
  readonly revert: () => void;
}

/** Title, files and buttons. */
function headOf(state: State, { open, save: onSave, revert: onRevert }: HeadEvents): Head {
  const { bench } = state.studio;
  const title = h("h2", { id: "source-title" });
  const files = h("select", { id: "file-select", onchange: () => open(files.value) });
  const save = h("button", { type: "button", id: "save", onclick: onSave });
  const revert = h("button", { type: "button", id: "revert", class: "quiet small", onclick: onRevert });
  return {
    element: h("div", { class: "head" }, title, h("div", { class: "row" }, files, revert, save)),
    update(path) {
      const paths = [...bench.files.value.keys()];
      if (Array.from(files.options, ({ value }) => value).join("\n") !== paths.join("\n"))
        fill(files, ...paths.map((each) => h("option", { value: each }, each)));
      files.value = path;
      files.hidden = paths.length < 2;
      files.setAttribute("aria-label", state.say("file"));
      title.textContent = state.say("source");
      save.textContent = state.say(bench.live ? "save" : "download");
      revert.textContent = state.say("revert");
      const isEdited = bench.edited.value.includes(path);
      save.className = bench.live ? "primary small" : "small";
      save.disabled = bench.live && !isEdited;
      revert.hidden = !isEdited;
    },
  };
}

/** Tints the line of the layer that is pointed at or chosen, and goes to places that are asked for. */
function follow(state: State, code: Editor, open: (path: string) => void): void {
  const tint = (): void => {
    const name = state.pointed.value ?? state.choice.value.layer;
    const at = state.view.value?.layers.find((l) => l.name === name)?.at;
    code.tint(at && at.file === code.path ? at.line : null);
  };
  state.watch(state.choice, tint);
  state.watch(state.pointed, tint);
  state.watch(state.place, (place) => {
    if (!place) return;
    if (place.file !== code.path) open(place.file);
    code.go(place.line, place.column);
  });
}

/** Writes the file, or has the browser keep it. Throws where the server does not. */
async function stored({ studio: { bench } }: State, path: string): Promise<void> {
  if (bench.live) await bench.save(path);
  else download(path, bench.files.value.get(path) ?? "");
}

function download(path: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  h("a", { href: url, download: path.split("/").at(-1) ?? "model.ts" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
