/** The model tab: source, graph, details and shapes, all of the model as it is being edited. */
import "./style.css"; // before those of the panes
import { fill, h } from "../../dom.ts";
import type { Studio, Tab } from "../../tab.ts";
import { detailsPane } from "./details.ts";
import { fieldPane } from "./field.ts";
import { graphPane } from "./graph.ts";
import { meter } from "./measure.ts";
import { shapesPane } from "./shapes.ts";
import { sourcePane } from "./source.ts";
import { stateOf } from "./state.ts";

export const modelTab: Tab = {
  id: "model",
  title: { en: "Model", zh: "模型" },
  mount(host: HTMLElement, studio: Studio) {
    const state = stateOf(studio);
    const graph = graphPane(state, meter(state));
    fill(
      host,
      h("div", { class: "panes" }, sourcePane(state), graph, detailsPane(state, fieldPane(state))),
      shapesPane(state),
    );
    return () => state.end();
  },
};
