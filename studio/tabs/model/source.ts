/** The source pane: the editor, what is wrong with the model, and saving. */
import type { Diagnosis } from "../../../contract/diagnosis.ts";
import type { Mark } from "../../compile/protocol.ts";
import { type Child, fill, h } from "../../dom.ts";
import { messageOf } from "../../message.ts";
import type { Status } from "../../workbench.ts";
import { editor } from "./editor.ts";
import { chooseLayer, type State } from "./state.ts";

/** Milliseconds after the last key until types are checked. */
const pause = 200;

export function sourcePane(state: State): HTMLElement {
  const { bench, project } = state.studio;
  const title = h("h2", { id: "source-title" });
  const files = h("select", { id: "file-select", onchange: () => open(files.value) });
  const status = h("div", { class: "verdict", attrs: { role: "status" } });
  const save = h("button", {
    type: "button",
    id: "save",
    class: project.live ? "primary small" : "small",
    onclick: () => void store(),
  });
  const revert = h("button", {
    type: "button",
    id: "revert",
    class: "quiet small",
    onclick: () => bench.revert(code.path),
  });

  let types: readonly Mark[] = [];
  const code = editor(bench.language, "TypeScript", {
    change(text) {
      bench.edit(code.path, text);
      check();
    },
    line(line) {
      const row = state.view.value?.layers.find((l) => l.at?.file === code.path && l.at.line === line);
      if (row) chooseLayer(state, row.name);
    },
    save: () => void store(),
  });
  state.leave(() => code.destroy());

  const open = (path: string): void => {
    code.open(path, bench.files.value.get(path) ?? "");
    files.value = path;
    types = [];
    check();
  };
  /** Errors of types, what the compiler threw where types did not see it, and its remarks. */
  const mark = (): void => {
    const failed = bench.status.value.kind === "failed" ? bench.status.value.diagnosis : undefined;
    const own = failed && failed.at?.file === code.path ? markOf(failed, "error") : undefined;
    const remarks = failed ? [] : (state.view.value?.table.remarks ?? []);
    const remarked = remarks.filter((r) => r.at?.file === code.path).map((r) => markOf(r, "warning"));
    // What types have said about a line need not be said twice.
    const told =
      own && types.some((t) => t.severity === "error" && code.lineAt(t.from) === code.lineAt(own.from));
    code.marks([...types, ...remarked, ...(own && !told ? [own] : [])]);
  };
  const markOf = (diagnosis: Diagnosis, severity: Mark["severity"]): Mark => {
    const { line = 1, column = 1 } = diagnosis.at ?? {};
    const { problem, rule, fix } = diagnosis;
    const message = [problem, rule && `rule: ${rule}`, fix && `try: ${fix}`].filter(Boolean).join("\n");
    return { ...code.wordAt(line, column), severity, message };
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const check = (): void => {
    // The first compile has the machine to itself: types take a second to be loaded.
    if (state.view.value === null && bench.status.value.kind === "compiling") return;
    clearTimeout(timer);
    const own = ++asked;
    timer = setTimeout(async () => {
      const found = await bench.language.call("marks", code.path);
      if (own !== asked) return;
      types = found;
      mark();
    }, pause);
  };
  state.leave(() => {
    clearTimeout(timer);
    asked++;
  });

  const store = async (): Promise<void> => {
    try {
      if (project.live) await bench.save(code.path);
      else download(code.path, bench.files.value.get(code.path) ?? "");
    } catch (error) {
      fill(status, h("p", { class: "problem" }, messageOf(error)));
    }
  };
  const draw = (): void => {
    title.textContent = state.say("source");
    files.setAttribute("aria-label", state.say("file"));
    save.textContent = state.say(project.live ? "save" : "download");
    revert.textContent = state.say("revert");
    const isEdited = bench.edited.value.includes(code.path);
    save.disabled = project.live && !isEdited;
    revert.hidden = !isEdited;
    verdict(status, bench.status.value, state);
  };
  fill(files, ...[...bench.files.value.keys()].map((path) => h("option", { value: path }, path)));
  files.hidden = bench.files.value.size < 2;
  open(project.model);
  state.watch(bench.files, (all) => {
    if (files.options.length !== all.size)
      fill(
        files,
        ...[...all.keys()].map((path) => h("option", { value: path, selected: path === code.path }, path)),
      );
    files.hidden = all.size < 2;
    code.open(code.path, all.get(code.path) ?? "");
  });
  state.watch(bench.status, ({ kind }) => {
    draw();
    mark();
    if (kind !== "compiling" && asked === 0) check();
  });
  state.watch(bench.edited, draw);
  state.speak(draw);
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
  return h(
    "section",
    { class: "card pane source", attrs: { "aria-labelledby": "source-title" } },
    h("div", { class: "head" }, title, h("div", { class: "row" }, files, revert, save)),
    code.element,
    status,
  );
}

function verdict(element: HTMLElement, status: Status, state: State): void {
  element.className = `verdict ${status.kind}`;
  if (status.kind === "compiling") fill(element, h("p", {}, state.say("compiling")));
  if (status.kind === "good") {
    const kernels = state.view.value?.kernels.filter((k) => k.phase === "run").length ?? 0;
    fill(
      element,
      h("p", {}, `${state.say("compiled")} ${Math.round(status.ms)} ms · ${kernels} ${state.say("kernels")}`),
      ...(state.view.value?.table.remarks ?? []).flatMap((remark) => diagnosed(remark, state)),
    );
  }
  if (status.kind === "failed") {
    fill(element, ...diagnosed(status.diagnosis, state));
  }
}

/** A problem with its place, its rule and what to try. */
function diagnosed({ problem, rule, fix, layer, at }: Diagnosis, state: State): readonly Child[] {
  const [first = "", ...rest] = problem.split("\n");
  return [
    h(
      "p",
      { class: "problem" },
      layer !== undefined && h("b", { class: "mono" }, `${layer}: `),
      first,
      at &&
        h(
          "button",
          { type: "button", class: "link mono", onclick: () => state.place.set({ ...at }) },
          `${at.file}:${at.line}:${at.column}`,
        ),
    ),
    rest.length > 0 && h("pre", { class: "excerpt" }, rest.join("\n")),
    rule !== undefined && h("p", {}, h("span", { class: "quiet-text" }, `${state.say("rule")} `), rule),
    fix !== undefined && h("p", {}, h("span", { class: "quiet-text" }, `${state.say("attempt")} `), fix),
  ];
}

function download(path: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  h("a", { href: url, download: path.split("/").at(-1) ?? "model.ts" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
