/** What became of the last compile, below the editor. */
import type { Diagnosis } from "../../../contract/diagnosis.ts";
import { type Child, fill, h } from "../../dom.ts";
import type { Status } from "../../workbench.ts";
import type { State } from "./state.ts";

export interface Verdict {
  readonly element: HTMLElement;
  update(status: Status): void;
  /** In its place, until the next update. */
  complain(message: string): void;
}

export function verdictOf(state: State): Verdict {
  const element = h("div", { class: "verdict", attrs: { role: "status" } });
  return {
    element,
    update(status) {
      element.className = `verdict ${status.kind}`;
      fill(element, ...wordsOf(status, state));
    },
    complain: (message) => fill(element, h("p", { class: "problem" }, message)),
  };
}

function wordsOf(status: Status, state: State): readonly Child[] {
  if (status.kind === "compiling") return [h("p", {}, state.say("compiling"))];
  if (status.kind === "failed") return diagnosed(status.diagnosis, state);
  const { kernels = [], table } = state.view.value ?? {};
  const count = kernels.filter((k) => k.phase === "run").length;
  const words = `${state.say("compiled")} ${Math.round(status.ms)} ms · ${count} ${state.say("kernels")}`;
  return [h("p", {}, words), ...(table?.remarks ?? []).flatMap((remark) => diagnosed(remark, state))];
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
