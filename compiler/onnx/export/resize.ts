/** Resizing as ONNX's Resize: from opset 18 on it can name axes, so that the batch stays open; from 19 on it has half_pixel_symmetric. */
import { must } from "../../errors.ts";
import type { OpNode } from "../../ir/graph.ts";
import { COORDINATES, NEAREST } from "../words.ts";
import { float, floatTensor, int, ints, string } from "./message.ts";
import { list, numberOf, shapeOf, type Translation } from "./translation.ts";

export const opsetOfResize = ({ attrs }: OpNode): number =>
  attrs["coordinates"] === "halfPixelSymmetric" ? 19 : 18;

/** The axes that are resized, the last ones: their sizes, and by which factor. */
function axesOf(
  t: Translation,
): readonly { readonly axis: number; readonly out: number; readonly factor: number }[] {
  const { size, scale } = t.node.attrs;
  const shape = shapeOf(t).map(Number);
  const wanted = size ?? scale;
  const all = Array.isArray(wanted) ? wanted.map(Number) : shape.slice(2).map(() => Number(wanted));
  return all.map((value, i) => {
    const axis = shape.length - all.length + i;
    return { axis, out: Number(t.node.type.shape[axis]), factor: value };
  });
}

/** ONNX's word for one of Weft's. */
const said = (words: Readonly<Record<string, string>>, wanted: unknown): string =>
  must(
    Object.keys(words).find((word) => words[word] === wanted),
    `a word of ONNX for ${wanted}`,
  );

export function resize(t: Translation): string {
  const { attrs } = t.node;
  const axes = axesOf(t);
  const sizes =
    attrs["size"] === null
      ? []
      : [
          list(
            t,
            axes.map((a) => a.out),
          ),
        ];
  const scales =
    attrs["size"] === null
      ? t.constant((name) =>
          floatTensor(
            name,
            [axes.length],
            axes.map((a) => a.factor),
          ),
        )
      : "";
  return t.emit(
    "Resize",
    [t.inputs[0] ?? "", "", scales, ...sizes],
    ints(
      "axes",
      axes.map((a) => a.axis),
    ),
    string("mode", String(attrs["mode"])),
    string("coordinate_transformation_mode", said(COORDINATES, attrs["coordinates"])),
    string("nearest_mode", said(NEAREST, attrs["nearest"])),
    float("cubic_coeff_a", numberOf(attrs, "cubicCoefficient")),
    int("exclude_outside", attrs["excludeOutside"] === true && attrs["mode"] === "cubic" ? 1 : 0),
  );
}
