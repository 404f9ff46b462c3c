/** The model tab: what the model is, layer by layer. */
import { showShape } from "../../../compiler/ir/type.ts";
import { shapeTable } from "../../../compiler/report/shapes.ts";
import { fill, h } from "../../dom.ts";
import type { CompiledModel, Studio, Tab } from "../../tab.ts";

export const modelTab: Tab = {
  id: "model",
  title: { en: "Model", zh: "模型" },
  mount(host: HTMLElement, studio: Studio) {
    return studio.model.watch((model) => fill(host, model && shapes(model)));
  },
};

function shapes({ compilation }: CompiledModel): HTMLElement {
  const { program, rewrites, source } = compilation;
  const rows = shapeTable(source, { program, rewrites }).layers.map((layer) =>
    h("tr", {}, h("th", {}, layer.name), h("td", {}, layer.op), h("td", {}, showShape(layer.output))),
  );
  return h("table", {}, h("tbody", {}, ...rows));
}
