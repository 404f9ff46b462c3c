/** What `weft import` prints. */
import { plural } from "../../compiler/errors.ts";
import type { Counted, Report } from "../../compiler/onnx/index.ts";
import { shownPath } from "../files.ts";
import type { Check } from "../onnx/check.ts";
import type { Ui } from "../ui.ts";
import { wrapped } from "./wrap.ts";

const listed = (counts: readonly Counted[]): string =>
  counts.map(({ op, count }) => `${op} ${count}`).join(", ");

/** The report in lines that fit the terminal. */
export function importText({ report, check, written = [] }: ImportOutcome, name: string, ui: Ui): string {
  const { operators, folded, layers, parameters, notes, unsupported, producer, opset } = report;
  const nodes = operators.reduce((sum, { count }) => sum + count, 0);
  const title = ui.colors.bold(name);
  const made =
    unsupported.length > 0
      ? ""
      : ` → ${layers} ${plural(layers, "layer")}, ${parameters.toLocaleString("en")} ${plural(parameters, "parameter")}`;
  const lines = [
    `${title}: ${nodes} ${plural(nodes, "node")} of opset ${opset}${producer === "" ? "" : ` by ${producer}`}${made}`,
    `operators: ${listed(operators)}`,
    ...(folded.length > 0 ? [`computed at import: ${listed(folded)}`] : []),
    ...notes,
    ...(check ? [check.text] : []),
    ...(written.length > 0 ? [`written: ${written.map(shownPath).join(", ")}`] : []),
  ];
  return [...lines.map((line) => wrapped(line, ui.width)), ...unsupportedLines(report, ui)].join("\n");
}

function unsupportedLines({ unsupported }: Report, ui: Ui): readonly string[] {
  if (unsupported.length === 0) return [];
  return [
    ui.colors.red(`not supported: ${unsupported.length} ${plural(unsupported.length, "node")}`),
    ...unsupported.flatMap(({ op, node, reason, try: fix }) => [
      wrapped(`  ${op} ${node}: ${reason}`, ui.width),
      ...(fix === undefined ? [] : [wrapped(`    try: ${fix}`, ui.width)]),
    ]),
  ];
}

export interface ImportOutcome {
  readonly report: Report;
  readonly check?: Check | undefined;
  readonly written?: readonly string[];
}

/** The same for a script. */
export function importJson({ report, check, written = [] }: ImportOutcome): object {
  return {
    ...report,
    ...(check && {
      check: {
        equal: check.equal,
        differs: check.differs,
        tensors: check.tensors,
        first: check.first ?? null,
      },
    }),
    written,
  };
}
