/**
 * Transposed convolutions, which are what the gradient of a convolution is to its input:
 *
 *   y[n,o,i,…] = b[o] + Σ_{c,u : i = h·s + u·d − p} x[n, g·C/G + c, h, …] · k[g·C/G + c, o mod O/G, u, …]
 *
 * A position i is reached by the taps u ≡ (i + p)·d⁻¹ (mod s) alone, one in s ("phases"): no step is spent on others, and
 * no zeros are put between the elements. (Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016,
 * section 4; the weight lies as PyTorch and ONNX have it.)
 */
import { showShape } from "../../contract/shapes.ts";
import type { TensorType } from "../../contract/type.ts";
import { must } from "../errors.ts";
import type { Axis, Bound, Expr, Index, OpContext } from "../ir/expr.ts";
import type { Node, OpDef, OpNode } from "../ir/graph.ts";
import { add, axisIndex, constant, div, gcd, inverse, mod, scale } from "../math/affine.ts";
import { call, guard, literal, load, loadPadded, product, reduce } from "../math/build.ts";
import { eachOf, flag, natural, otherwise, positive, takes } from "../options.ts";
import { fail, fixed, tensorOnly } from "./check.ts";
import { checkGroups, describeConv } from "./convolution.ts";
import { derivedNode, gradientOrigin } from "./derived.ts";
import {
  all,
  allOrEach,
  type Ends,
  ends,
  needsImage,
  type Rank,
  type Steps,
  span,
  spatial,
  steps,
  type Window,
  windowIndices,
  windows,
  words,
} from "./geometry.ts";
import { type InitAttr, type InitRequest, initializer, resolveInit } from "./init.ts";

export interface ConvTransposeOptions {
  /** Output channels. */
  readonly out: number;
  readonly kernel: Steps;
  /** Default 1. */
  readonly stride?: Steps;
  /** What is cut off the result. Default 0. */
  readonly padding?: Steps;
  /** What is put after the result. Default 0. */
  readonly outputPadding?: Steps;
  /** Default 1. */
  readonly dilation?: Steps;
  /** Groups of channels apart. Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** How the weight starts; the bias starts at zero. Default Xavier uniform. */
  readonly init?: InitRequest;
}

export type ConvTransposeAttrs = {
  readonly out: number;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Ends;
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly bias: boolean;
  readonly init: InitAttr;
};

/** (n − 1)·s − p + d·(k − 1) + 1 + outputPadding */
const sizeOf = (n: number, w: Window, more: number): number =>
  (n - 1) * w.stride - w.before - w.after + span(w) + more;

/** How the taps of one axis reach position i: the tap, what it reads, and under which bounds. */
interface Reached {
  readonly turns: Axis;
  readonly tap: Index;
  readonly from: Index;
  readonly bounds: readonly Bound[];
}

/** Solves i = h·s + u·d − p for h, with u = s′·turns + phase and s′ = s/gcd(s, d). */
function reached(at: Axis, w: Window, name: string, axis: OpContext["axis"]): Reached {
  const whole = add(axisIndex(at), w.before);
  const common = gcd(w.dilation, w.stride);
  const step = w.stride / common;
  const turns = axis(name, Math.ceil(w.kernel / step));
  const phase = mod(scale(div(whole, common), inverse(w.dilation / common, step)), step);
  const tap = add(scale(axisIndex(turns), step), phase);
  const bounds: Bound[] = [{ index: tap, extent: w.kernel }];
  // With a common factor every other position is reached by no tap at all.
  if (common > 1) bounds.push({ index: mod(whole, common), extent: 1 });
  return { turns, tap, from: div(add(whole, scale(tap, -w.dilation)), w.stride), bounds };
}

function convTranspose(name: string, axes: Rank): OpDef<ConvTransposeAttrs, ConvTransposeOptions> {
  const sides = otherwise(ends[axes], all(2 * axes, 0));
  return {
    name,
    arity: 1,
    takes: ["weight", "bias"],
    options: takes(name, {
      out: positive,
      kernel: steps[axes],
      stride: otherwise(steps[axes], all(axes, 1)),
      padding: sides,
      outputPadding: otherwise(eachOf(natural, words[axes].axes), all(axes, 0)),
      dilation: otherwise(steps[axes], all(axes, 1)),
      groups: otherwise(positive, 1),
      weight: tensorOnly,
      bias: otherwise(flag, true),
      init: initializer,
    }),
    params(attrs, inputs) {
      const x = must(inputs[0], "input");
      needsImage(name, x, axes);
      const channels = fixed(name, x.shape[1], "the number of channels");
      const { out, groups, kernel } = attrs;
      checkGroups(name, x, out, groups);
      const taps = kernel.reduce((a, k) => a * k, 1);
      const weight = {
        role: "weight",
        shape: [channels, out / groups, ...kernel],
        init: resolveInit(attrs.init, (channels / groups) * taps, (out / groups) * taps),
      };
      return attrs.bias ? [weight, { role: "bias", shape: [out], init: { kind: "zeros" } }] : [weight];
    },
    infer(attrs, inputs) {
      const x = must(inputs[0], "input");
      const sizes = spatial(name, x, axes);
      const out = windows(attrs, sizes).map((w, i) => {
        const [n, more] = [must(sizes[i], "size"), must(attrs.outputPadding[i], "padding")];
        const size = sizeOf(n, w, more);
        if (size >= 1) return size;
        return fail(
          `${name} makes nothing of the ${words[axes].axes[i]} of ${showShape(x.shape)}`,
          `${sizeText(n, w, more)} = ${size}, but a size is at least 1`,
          "less padding, which is cut off the result, or outputPadding",
        );
      });
      return { dtype: "f32", shape: [must(x.shape[0], "batch"), attrs.out, ...out] };
    },
    define(attrs, { at, inputs, axis }) {
      const [x, weight, bias] = inputs;
      const [n, o, ...place] = at;
      if (!x || !weight || !n || !o) return fail(`${name}: missing operands`);
      const ws = windows(attrs, spatial(name, x.type, axes));
      const ways = ws.map((w, i) =>
        reached(must(place[i], "position"), w, must(words[axes].taps[i], "name"), axis),
      );
      const { group, within, perGroup } = groupsOf(attrs, x.type, axisIndex(o));
      const c = axis("c", perGroup);
      const channel = add(scale(group, perGroup), axisIndex(c));
      const bounds = ways.flatMap((way) => way.bounds);
      const taps = ways.map((way) => way.tap);
      const image = loadPadded(x, [axisIndex(n), channel, ...ways.map((way) => way.from)], 0);
      const kernel = load(weight, [channel, within, ...taps]);
      const over = [c, ...ways.map((way) => way.turns)];
      const sum = product(
        over,
        guard(bounds, image, literal(0)),
        guard(
          taps.map((index, i) => ({ index, extent: must(attrs.kernel[i], "taps") })),
          kernel,
          literal(0),
        ),
      );
      return bias ? call("add", sum, load(bias, [axisIndex(o)])) : sum;
    },
    vjp: (node, grad) => gradients(node, grad, axes),
    summary(attrs, inputs, output) {
      const x = must(inputs[0], "input");
      const sizes = spatial(name, x, axes);
      const formulas = windows(attrs, sizes).map(
        (w, i) =>
          `${sizeText(must(sizes[i], "size"), w, must(attrs.outputPadding[i], "padding"))} = ${output.shape[i + 2]}`,
      );
      const more = attrs.outputPadding.some((p) => p > 0)
        ? `, output padding ${allOrEach(attrs.outputPadding, "×")}`
        : "";
      return { options: `${describeConv(attrs, x)}${more}`, formula: allOrEach(formulas, "; ") };
    },
  };
}

/** `(7 − 1)·2 − 2·1 + 4` */
function sizeText(n: number, w: Window, more: number): string {
  const cut = w.before + w.after;
  const padding = cut === 0 ? "" : w.before === w.after ? ` − 2·${w.before}` : ` − ${w.before} − ${w.after}`;
  const size = w.dilation === 1 ? `${w.kernel}` : `${w.dilation}·(${w.kernel} − 1) + 1`;
  return `(${n} − 1)·${w.stride}${padding} + ${size}${more === 0 ? "" : ` + ${more}`}`;
}

/** Of an output channel: its group, its place within it, and how many input channels a group has. */
function groupsOf(
  { out, groups }: ConvTransposeAttrs,
  x: TensorType,
  o: Index,
): { readonly group: Index; readonly within: Index; readonly perGroup: number } {
  const perGroup = (x.shape[1] as number) / groups; // `params` has asked that it is a number
  if (groups === 1) return { group: constant(0), within: o, perGroup };
  return { group: div(o, out / groups), within: mod(o, out / groups), perGroup };
}

/**
 * With g = ∂L/∂y: dx is the convolution of g with the weight, dk[c,o,u] = Σ x[n,c,h]·g[n,o,h·s + u·d − p], db = Σ g.
 */
function gradients(node: OpNode, grad: Node, axes: Rank): readonly (Node | undefined)[] {
  const [x, weight, bias] = node.inputs;
  if (!x || !weight) return fail(`${node.op.name}: missing operands`);
  const attrs = node.attrs as unknown as ConvTransposeAttrs; // its options gave them
  const sizes = spatial(node.op.name, x.type, axes);
  const ws = windows(attrs, sizes);
  const perGroup = attrs.out / attrs.groups;
  const channels = (x.type.shape[1] as number) / attrs.groups; // as above
  const name = (i: number, of: "taps" | "axes"): string => must(words[axes][of][i], "name");
  const part = (of: Node, define: (context: OpContext) => Expr): Node => {
    const origin = gradientOrigin(node, of, `grad.${of.origin.name}`);
    return derivedNode(`${node.op.name}.grad`, of.type, origin, define);
  };
  const first = (c: Axis): Index =>
    attrs.groups === 1 ? constant(0) : scale(div(axisIndex(c), channels), perGroup);
  const dx = part(x, ({ at: [n, c, ...place], axis }) => {
    if (!n || !c) return fail(`${node.op.name}: missing axes`);
    const o = axis("o", perGroup);
    const taps = ws.map((w, i) => axis(name(i, "taps"), w.kernel));
    const from = [axisIndex(n), add(first(c), axisIndex(o)), ...windowIndices(place, taps, ws)];
    const kernel = load(weight, [axisIndex(c), axisIndex(o), ...taps.map(axisIndex)]);
    return product([o, ...taps], loadPadded(grad, from, 0), kernel);
  });
  const dk = part(weight, ({ at: [c, o, ...taps], axis }) => {
    if (!c || !o) return fail(`${node.op.name}: missing axes`);
    const n = axis("n", must(x.type.shape[0], "batch"));
    const place = sizes.map((size, i) => axis(name(i, "axes"), size));
    const from = [axisIndex(n), add(first(c), axisIndex(o)), ...windowIndices(place, taps, ws)];
    const element = load(x, [n, c, ...place].map(axisIndex));
    return product([n, ...place], loadPadded(grad, from, 0), element);
  });
  if (!bias) return [dx, dk];
  const db = part(bias, ({ at: [o], axis }) => {
    if (!o) return fail(`${node.op.name}: missing axes`);
    const [batch, , ...extents] = grad.type.shape;
    const n = axis("n", must(batch, "batch"));
    const place = extents.map((size, i) => axis(name(i, "axes"), size));
    return reduce("sum", [n, ...place], load(grad, [n, o, ...place].map(axisIndex)));
  });
  return [dx, dk, db];
}

export const transposed = {
  convTranspose1d: convTranspose("convTranspose1d", 1),
  convTranspose2d: convTranspose("convTranspose2d", 2),
  convTranspose3d: convTranspose("convTranspose3d", 3),
};
