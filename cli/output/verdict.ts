/** What `weft verify` prints. */
import { formatLocation, plural } from "../../compiler/errors.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { type Fault, faultText, type Verdict } from "../../runtime/verify/index.ts";
import type { Ui } from "../ui.ts";

export function verdictText(
  graph: Graph,
  { device, batches, compared, skipped, worst, faults }: Verdict,
  ui: Ui,
): string {
  const { green, red, dim } = ui.colors;
  const sizes = `N = ${batches.join(", ")}`;
  const left =
    skipped.length > 0
      ? [dim(`not compared, as their values are nowhere finite on what was drawn: ${skipped.join(", ")}`)]
      : [];
  const off = worst
    ? [
        dim(
          `largest difference ${worst.difference.toExponential(1)} of a tensor's root mean square: ${worst.layer}`,
        ),
      ]
    : [];
  const tensors = `${compared.toLocaleString("en-US")} ${plural(compared, "tensor")}`;
  if (faults.length === 0)
    return [
      green(`${graph.name}: ${device} computes all of ${tensors} right, at ${sizes}`),
      ...off,
      ...left,
    ].join("\n");
  const kernels = new Set(faults.map((f) => f.kernel)).size;
  return [
    red(`${graph.name}: ${device} computes ${kernels} ${plural(kernels, "kernel")} wrongly, at ${sizes}`),
    ...faults.map((fault) => `  ${faultText(fault)}${placeOf(graph, fault)}`),
    ...off,
    ...left,
    "what to try: a newer driver; --no-tune; --device wasm in place of it; and please report it, with what weft doctor prints",
  ].join("\n");
}

/** `, model.ts:12:3` */
function placeOf(graph: Graph, { layer }: Fault): string {
  const at = graph.nodes.find((n) => n.origin.name === layer)?.origin.at;
  return at ? `, ${formatLocation(at)}` : "";
}
