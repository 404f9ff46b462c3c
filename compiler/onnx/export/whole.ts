/** Whole numbers as standard ONNX operators: places of extremes, sorted places, and what is read by them. */
import type { OpNode } from "../../ir/graph.ts";
import { type Attribute, ELEMENT, floatTensor, int, string } from "./message.ts";
import { flagOf, list, numberOf, scalar, shapeOf, type Translate, type Translation } from "./translation.ts";

const only = (t: Translation): string => t.inputs[0] ?? "";
/** As the type of the result: places are i64 in ONNX. */
const asTyped = ({ emit, node }: Translation, x: string): string =>
  emit("Cast", [x], int("to", ELEMENT[node.type.dtype]));
const asWhole = ({ emit }: Translation, x: string): string => emit("Cast", [x], int("to", ELEMENT.i64));
const axis = (t: Translation) => int("axis", numberOf(t.node.attrs, "axis"));

const place =
  (opType: string): Translate =>
  (t) => {
    const keep = int("keepdims", flagOf(t.node.attrs, "keepDims") ? 1 : 0);
    const last = int("select_last_index", flagOf(t.node.attrs, "last") ? 1 : 0);
    return asTyped(t, t.emit(opType, t.inputs, axis(t), keep, last));
  };

/** Positions of the first so many in a sorted line. */
const sorted = (t: Translation, x: string, count: number, largest: boolean): string =>
  t.emitAll("TopK", [x, list(t, [count])], 2, axis(t), int("largest", largest ? 1 : 0))[1] ?? "";
const firstOf = (t: Translation, ranks: string): string =>
  sorted(t, ranks, numberOf(t.node.attrs, "count"), false);

function scatter(t: Translation, opType: string, ...more: readonly Attribute[]): string {
  const [x = "", indices = "", updates = ""] = t.inputs;
  const reduction = string("reduction", String(t.node.attrs["reduction"]));
  return t.emit(opType, [x, asWhole(t, indices), updates], ...more, reduction);
}

/** max and min are words of it from opset 18 on. */
export const opsetOfScatter = ({ attrs }: OpNode): number =>
  attrs["reduction"] === "max" || attrs["reduction"] === "min" ? 18 : 17;

export const wholes = {
  /** To a whole number by cutting, and what is negative is no u32. */
  cast(t) {
    const [x = ""] = t.inputs;
    const cut = t.node.attrs["to"] === "u32" && t.node.inputs[0]?.type.dtype === "f32";
    return asTyped(t, cut ? t.emit("Max", [x, scalar(t, 0)]) : x);
  },
  argmax: place("ArgMax"),
  argmin: place("ArgMin"),
  /** The place of a position among the positions of the sorted line. */
  ranking(t) {
    const size = Number(shapeOf(t).at(numberOf(t.node.attrs, "axis")));
    const positions = asTyped(t, sorted(t, only(t), size, flagOf(t.node.attrs, "largest")));
    return asTyped(t, sorted(t, positions, size, false));
  },
  topValues(t) {
    const [x = "", ranks = ""] = t.inputs;
    return t.emit("GatherElements", [x, firstOf(t, ranks)], axis(t));
  },
  topIndices: (t) => asTyped(t, firstOf(t, only(t))),
  oneHot(t) {
    const values = t.constant((name) => floatTensor(name, [2], [0, 1]));
    return t.emit(
      "OneHot",
      [asWhole(t, only(t)), list(t, [numberOf(t.node.attrs, "count")]), values],
      axis(t),
    );
  },
  gatherElements(t) {
    const [x = "", indices = ""] = t.inputs;
    return t.emit("GatherElements", [x, asWhole(t, indices)], axis(t));
  },
  scatterElements: (t) => scatter(t, "ScatterElements", axis(t)),
  scatterND: (t) => scatter(t, "ScatterND"),
  gatherND(t) {
    const [x = "", indices = ""] = t.inputs;
    return t.emit(
      "GatherND",
      [x, asWhole(t, indices)],
      int("batch_dims", numberOf(t.node.attrs, "batchDims")),
    );
  },
  cumsum(t) {
    const flags = (["exclusive", "reverse"] as const).map((name) =>
      int(name, flagOf(t.node.attrs, name) ? 1 : 0),
    );
    return t.emit("CumSum", [only(t), list(t, [numberOf(t.node.attrs, "axis")])], ...flags);
  },
  einsum: (t) => t.emit("Einsum", t.inputs, string("equation", String(t.node.attrs["equation"]))),
} satisfies Record<string, Translate>;
