/** What `weft eval` found, as text and as JSON. */
import { plural } from "../../compiler/errors.ts";
import { type Column, layoutTable, plain } from "../../compiler/report/layout.ts";
import type { Split } from "../data/parts.ts";
import { type LossFigures, totalLoss } from "../measuring/figures.ts";
import type { Ui } from "../ui.ts";
import { type ClassResult, type Confusion, classResults, classTable, confusionText } from "./confusion.ts";

/** Of a loss whose targets are classes. */
export interface Classed {
  readonly figures: LossFigures;
  readonly confusion: Confusion;
  readonly names: readonly string[];
  readonly results: readonly ClassResult[];
}

/** The losses that have a table of their classes; names are those that the data or the weights say, where they are as many. */
export function classedIn(
  all: readonly LossFigures[],
  known: readonly string[] | undefined,
): readonly Classed[] {
  return all.flatMap((figures) => {
    const { confusion } = figures;
    if (!confusion) return [];
    const names = confusion.map((_, i) => (known?.length === confusion.length && known[i]) || `class ${i}`);
    return [{ figures, confusion, names, results: classResults(confusion, names) }];
  });
}

/** Tables of classes with what was taken for what. */
export function showClassed(classed: readonly Classed[], several: boolean, ui: Ui): void {
  for (const { figures, results, confusion, names } of classed) {
    if (several) ui.out(ui.colors.bold(plain(figures.said.name)));
    ui.out(classTable(results, ui));
    const matrix = confusionText(confusion, names, ui);
    if (matrix) ui.out(`\n${matrix}`);
    else ui.note("the confusion matrix is wider than the terminal: --plot or --format json shows it");
    ui.out("");
  }
}

const short = (value: number | undefined): string =>
  value === undefined ? "" : `${Number(value.toPrecision(4))}`;

/** What a row of the table may have; columns that no loss fills are left out. */
const COLUMNS: readonly (readonly [column: Column, of: (figures: LossFigures) => string])[] = [
  [{ header: "output", cut: "start" }, ({ said }) => plain(said.name)],
  [{ header: "loss" }, ({ said }) => said.loss.kind],
  [{ header: "value", align: "right" }, ({ loss }) => short(loss)],
  [{ header: "weight", align: "right" }, ({ said }) => (said.weight === 1 ? "" : short(said.weight))],
  [
    { header: "acc", align: "right" },
    ({ right, labels }) => (right !== undefined && labels ? (right / labels).toFixed(4) : ""),
  ],
  [{ header: "mean abs. error", align: "right" }, (each) => short(each.meanAbsoluteError)],
  [{ header: "RMSE", align: "right" }, (each) => short(each.rootMeanSquareError)],
];

/** A row for each loss. */
export function lossTable(all: readonly LossFigures[], ui: Ui): string {
  const filled = COLUMNS.filter(([, of]) => all.some((each) => of(each) !== ""));
  const rows = all.map((each) => filled.map(([, of]) => of(each)));
  const columns = filled.map(([column]) => column);
  return layoutTable(columns, rows, { width: ui.width, color: ui.colors.isColorSupported }).join("\n");
}

/** `test acc 0.8912 (8912 of 10000 right)`, or the loss where nothing is right or wrong. */
export function summary(all: readonly LossFigures[], split: Split, rows: number): string {
  const part = split === "all" ? "" : `${split} `;
  const found = all.find(({ labels }) => labels);
  if (!found?.labels || found.right === undefined)
    return `${part}loss ${short(totalLoss(all))} (${rows} ${plural(rows, "example")})`;
  const { right, labels } = found;
  return `${part}acc ${(right / labels).toFixed(4)} (${right} of ${labels} right)`;
}

/** Infinity is no number of JSON. */
const number = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The figures for a script: those of the first loss that has classes beside those of all. */
export function figuresJson(all: readonly LossFigures[], classed: readonly Classed[]): object {
  const [first] = classed;
  const counted = all.find(({ labels }) => labels);
  const tables = ({ results, confusion }: Classed): object => ({ classes: results, confusion });
  return {
    ...(counted?.labels && { right: counted.right, accuracy: (counted.right ?? 0) / counted.labels }),
    loss: number(totalLoss(all)),
    losses: all.map((each) => {
      const { said, loss, confusion: _, right, labels, ...metrics } = each;
      const own = classed.find(({ figures }) => figures === each);
      return {
        name: said.name,
        kind: said.loss.kind,
        weight: said.weight,
        loss: number(loss),
        ...(labels && { right, labels, accuracy: (right ?? 0) / labels }),
        ...metrics,
        ...(own && own !== first && tables(own)),
      };
    }),
    ...(first && tables(first)),
  };
}
