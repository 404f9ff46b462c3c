/** Blocks of pixels as channels, and back: index maps that compute nothing. */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Index } from "../ir/expr.ts";
import type { OpDef } from "../ir/graph.ts";
import { add, axisIndex, div, mod, scale } from "../math/affine.ts";
import { load } from "../math/build.ts";
import { oneOf, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, rank } from "./check.ts";

export interface BlockOptions {
  /** Side of a block. */
  readonly block: number;
  /**
   * Of a channel's number, whether the place in the block is its first digits, "DCR" (ONNX's default), or the last, "CRD", as in
   * PyTorch's pixel shuffle. Default "DCR".
   */
  readonly mode?: "DCR" | "CRD";
}
export type BlockAttrs = { readonly block: number; readonly mode: "DCR" | "CRD" };

const read = (name: string) =>
  takes(name, { block: positive, mode: otherwise<BlockAttrs["mode"]>(oneOf(["DCR", "CRD"]), "DCR") });

/** [N, channels, height, width] */
function sizesOf(op: string, x: TensorType): readonly [number, number, number] {
  rank(op, x, 4, "[N, channels, height, width]");
  const [c, h, w] = x.shape
    .slice(1)
    .map((d, i) => fixed(op, d, must(["channels", "height", "width"][i], "word")));
  return [must(c, "channels"), must(h, "height"), must(w, "width")];
}

/** The number of the channel that holds a place of blocks of one of `channels`. */
function packed(
  { block, mode }: BlockAttrs,
  channels: number,
  channel: Index,
  row: Index,
  column: Index,
): Index {
  const place = add(scale(row, block), column);
  return mode === "DCR" ? add(scale(place, channels), channel) : add(scale(channel, block * block), place);
}

function refuse(op: string, x: TensorType, what: string, size: number, by: number): void {
  if (size % by !== 0)
    fail(
      `${op} of ${showShape(x.shape)} in blocks of ${Math.sqrt(by) % 1 === 0 && what === "channels" ? `${Math.sqrt(by)}²` : by}`,
      `${what} are a multiple of ${by}, but ${size} mod ${by} = ${size % by}`,
    );
}

/** [N, C·b², H, W] → [N, C, H·b, W·b] */
const depthToSpace: OpDef<BlockAttrs, BlockOptions> = {
  name: "depthToSpace",
  moves: true,
  arity: 1,
  options: read("depthToSpace"),
  infer({ block }, inputs) {
    const x = must(inputs[0], "operand");
    const [c, h, w] = sizesOf("depthToSpace", x);
    refuse("depthToSpace", x, "channels", c, block * block);
    return { dtype: x.dtype, shape: [must(x.shape[0], "batch"), c / (block * block), h * block, w * block] };
  },
  define(attrs, { at, inputs, shape }) {
    const [n, c, y, x] = at.map(axisIndex) as [Index, Index, Index, Index]; // infer: four of them
    const { block } = attrs;
    const channel = packed(attrs, shape[1] as number, c, mod(y, block), mod(x, block));
    return load(must(inputs[0], "operand"), [n, channel, div(y, block), div(x, block)]);
  },
  summary: ({ block, mode }, inputs, output) => ({
    options: `${block}×${block}, ${mode}`,
    formula: `${inputs[0]?.shape[1]}/${block}² = ${output.shape[1]}`,
  }),
};

/** [N, C, H·b, W·b] → [N, C·b², H, W] */
const spaceToDepth: OpDef<BlockAttrs, BlockOptions> = {
  name: "spaceToDepth",
  moves: true,
  arity: 1,
  options: read("spaceToDepth"),
  infer({ block }, inputs) {
    const x = must(inputs[0], "operand");
    const [c, h, w] = sizesOf("spaceToDepth", x);
    refuse("spaceToDepth", x, "rows", h, block);
    refuse("spaceToDepth", x, "columns", w, block);
    return { dtype: x.dtype, shape: [must(x.shape[0], "batch"), c * block * block, h / block, w / block] };
  },
  define({ block, mode }, { at, inputs }) {
    const from = must(inputs[0], "operand");
    const channels = from.type.shape[1] as number; // infer: a number
    const [n, c, y, x] = at.map(axisIndex) as [Index, Index, Index, Index]; // infer: four of them
    const [place, channel] =
      mode === "DCR" ? [div(c, channels), mod(c, channels)] : [mod(c, block * block), div(c, block * block)];
    const row = add(scale(y, block), div(place, block));
    return load(from, [n, channel, row, add(scale(x, block), mod(place, block))]);
  },
  summary: ({ block, mode }, inputs, output) => ({
    options: `${block}×${block}, ${mode}`,
    formula: `${inputs[0]?.shape[1]}·${block}² = ${output.shape[1]}`,
  }),
};

export const blocks = { depthToSpace, spaceToDepth };
