/** The ops that move elements as standard ONNX operators. */
import { int, ints, intTensor, string } from "./message.ts";
import {
  fromFront,
  list,
  listOf,
  numberOf,
  rankOf,
  scalar,
  shapeOf,
  type Translate,
  type Translation,
} from "./translation.ts";

function orderOf(t: Translation): readonly number[] {
  const { order } = t.node.attrs;
  const rank = rankOf(t);
  if (Array.isArray(order)) return order.map((a) => fromFront(Number(a), rank));
  const axes = Array.from({ length: rank }, (_, d) => d);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}

const only = (t: Translation): string => t.inputs[0] ?? "";
/** 0 copies the input's size, which is what N does: it is the first size on both sides. */
const copied = (shape: readonly unknown[], instead = 0): readonly number[] =>
  shape.map((d) => (typeof d === "number" ? d : instead));

function slices(t: Translation, x: string, axis: number, start: number, end: number, step = 1): string {
  return t.emit("Slice", [x, list(t, [start]), list(t, [end]), list(t, [axis]), list(t, [step])]);
}

function slice(t: Translation): string {
  const { attrs } = t.node;
  const [axis, step] = [numberOf(attrs, "axis"), numberOf(attrs, "step")];
  const size = Number(shapeOf(t).at(axis));
  const start = attrs["start"] === null ? (step > 0 ? 0 : size - 1) : numberOf(attrs, "start");
  // Before the first element is −size − 1: −1 would be the last one.
  const end = attrs["end"] === null ? (step > 0 ? size : -size - 1) : numberOf(attrs, "end");
  return slices(t, only(t), axis, start, end, step);
}

/** Of all axes: until opset 18 there is no list of them. Opset 19 is the first that has a border which wraps around. */
function pad(t: Translation): string {
  const { attrs } = t.node;
  const [ends, axes] = [listOf(attrs, "padding"), listOf(attrs, "axes").map((a) => fromFront(a, rankOf(t)))];
  const side = (which: 0 | 1): readonly number[] =>
    shapeOf(t).map((_, axis) => ends[2 * axes.indexOf(axis) + which] ?? 0);
  const [before, after] = [side(0), side(1)];
  if (attrs["mode"] !== "wrap") {
    const pads = list(t, [...before, ...after]);
    return t.emit(
      "Pad",
      [only(t), pads, scalar(t, numberOf(attrs, "value"))],
      string("mode", String(attrs["mode"])),
    );
  }
  return axes.reduce((x, axis) => {
    const size = Number(shapeOf(t)[axis]);
    const [first = 0, last = 0] = [before[axis], after[axis]];
    const parts = [
      ...(first > 0 ? [slices(t, x, axis, size - first, size)] : []),
      x,
      ...(last > 0 ? [slices(t, x, axis, 0, last)] : []),
    ];
    return parts.length > 1 ? t.emit("Concat", parts, int("axis", axis)) : x;
  }, only(t));
}

function squeeze(t: Translation): string {
  const { axes } = t.node.attrs;
  const ones = shapeOf(t).flatMap((d, i) => (d === 1 ? [i] : []));
  return t.emit("Squeeze", [only(t), list(t, Array.isArray(axes) ? axes.map(Number) : ones)]);
}

function stack(t: Translation): string {
  const axis = numberOf(t.node.attrs, "axis");
  const grown = t.inputs.map((x) => t.emit("Unsqueeze", [x, list(t, [axis])]));
  return t.emit("Concat", grown, int("axis", axis));
}

function flip(t: Translation): string {
  const turn = (x: string, axis: number): string =>
    slices(t, x, axis, -1, -Number(shapeOf(t).at(axis)) - 1, -1);
  return listOf(t.node.attrs, "axes").reduce(turn, only(t));
}

function roll(t: Translation): string {
  const [axis, shift] = [numberOf(t.node.attrs, "axis"), numberOf(t.node.attrs, "shift")];
  const size = Number(shapeOf(t).at(axis));
  const by = ((shift % size) + size) % size;
  const parts = [slices(t, only(t), axis, size - by, size), slices(t, only(t), axis, 0, size - by)];
  return t.emit("Concat", parts, int("axis", axis));
}

const triangle =
  (upper: 0 | 1) =>
  (t: Translation): string => {
    const diagonal = t.constant((name) => ({
      ...intTensor(name, [numberOf(t.node.attrs, "diagonal")]),
      dims: [],
    }));
    return t.emit("Trilu", [only(t), diagonal], int("upper", upper));
  };

/** ONNX has the mode of DepthToSpace alone. */
function spaceToDepth(t: Translation): string {
  const b = numberOf(t.node.attrs, "block");
  if (t.node.attrs["mode"] === "DCR") return t.emit("SpaceToDepth", t.inputs, int("blocksize", b));
  const [, c, h, w] = shapeOf(t).map(Number);
  const apart = t.emit("Reshape", [only(t), list(t, [0, c ?? 0, (h ?? 0) / b, b, (w ?? 0) / b, b])]);
  const turned = t.emit("Transpose", [apart], ints("perm", [0, 1, 3, 5, 2, 4]));
  return t.emit("Reshape", [turned, list(t, copied(t.node.type.shape))]);
}

export const layout = {
  flatten: (t) => t.emit("Flatten", t.inputs, int("axis", 1)),
  reshape: (t) => t.emit("Reshape", [only(t), list(t, copied(t.node.type.shape))]),
  transpose: (t) => t.emit("Transpose", t.inputs, ints("perm", orderOf(t))),
  concat: (t) => t.emit("Concat", t.inputs, int("axis", numberOf(t.node.attrs, "axis"))),
  slice,
  pad,
  squeeze,
  unsqueeze: (t) => t.emit("Unsqueeze", [only(t), list(t, listOf(t.node.attrs, "axes"))]),
  expand: (t) => t.emit("Expand", [only(t), list(t, copied(t.node.type.shape, 1))]),
  tile: (t) => t.emit("Tile", [only(t), list(t, listOf(t.node.attrs, "repeats"))]),
  stack,
  flip,
  triu: triangle(1),
  tril: triangle(0),
  roll,
  depthToSpace: (t) =>
    t.emit(
      "DepthToSpace",
      t.inputs,
      int("blocksize", numberOf(t.node.attrs, "block")),
      string("mode", String(t.node.attrs["mode"])),
    ),
  spaceToDepth,
} satisfies Record<string, Translate>;
