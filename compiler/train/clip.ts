/** Gradient clipping, as graph nodes: between a parameter's gradient and what the optimiser makes of it. */
import type { Clip } from "../../contract/training.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import type { Node, Origin } from "../ir/graph.ts";
import { axisIndex } from "../math/affine.ts";
import { call, literal, load, reduce, times } from "../math/build.ts";
import { derivedNode, opNode, suffixed } from "../ops/derived.ts";
import { pointwise } from "../ops/pointwise.ts";
import { type Kind, numberThat, objectOf, optional, refined, takes } from "../options.ts";

/** Keeps the division finite where all gradients are 0. */
const EPS = 1e-6;

const bound = numberThat("a number above 0", 1, (value) => {
  const stored = Math.fround(value); // what a shader makes of it
  return stored > 0 && stored < Number.POSITIVE_INFINITY;
});

/** Exactly one bound above 0. */
export const clips: Kind<Clip> = refined(
  objectOf({ norm: optional(bound), value: optional(bound) }),
  ({ norm, value }, fail): Clip => {
    if ((norm === undefined) === (value === undefined))
      return fail("either the norm of all gradients or the value of each");
    return norm === undefined ? { value: value as number } : { norm }; // one of both
  },
);
const readClip = takes("compileTraining", { clip: clips });

/**
 * The gradients, bounded: each value to ±value, or all together by min(1, norm / (‖g‖ + 1e-6)) with the norm ‖g‖ over
 * all parameters (Pascanu et al. 2013, as PyTorch's clip_grad_norm_ has it).
 */
export function clipped(gradients: ReadonlyMap<Node, Node>, clip: Clip): ReadonlyMap<Node, Node> {
  const { norm, value } = readClip({ clip }).clip;
  const each = (bounded: (gradient: Node) => Node): ReadonlyMap<Node, Node> =>
    new Map([...gradients].map(([parameter, g]) => [parameter, bounded(g)]));
  if (value !== undefined)
    return each((g) =>
      opNode(pointwise.clip, { min: -value, max: value }, [g], suffixed(g.origin, "clipped")),
    );
  // Without parameters there is nothing to bound.
  if (norm === undefined || gradients.size === 0) return gradients;
  const origin: Origin = { name: "gradients", role: { kind: "norm", of: "gradients" } };
  // The small ones first: neighbours, they share dispatches.
  const total = [...gradients.values()]
    .toSorted((a, b) => a.type.shape.length - b.type.shape.length)
    .map(squares)
    .reduce((sum, part, i) => opNode(pointwise.add, {}, [sum, part], suffixed(origin, `squares${i}`)));
  const scale = derivedNode("clip.scale", total.type, suffixed(origin, "scale"), () => {
    const length = call("sqrt", load(total, []));
    return call("min", literal(1), call("div", literal(norm), call("add", length, literal(EPS))));
  });
  return each((g) => opNode(pointwise.mul, {}, [g, scale], suffixed(g.origin, "clipped")));
}

/** Σ g², in two steps in a fixed order: a sum for each place along the first axis, then theirs. */
function squares(gradient: Node): Node {
  const { dtype, shape } = gradient.type;
  const sum = (name: string, kept: number, of: (place: readonly Axis[]) => Expr): Node => {
    const type = { dtype, shape: shape.slice(0, kept) };
    return derivedNode(`clip.${name}`, type, suffixed(gradient.origin, name), ({ at, axis }) => {
      const rest = shape.slice(kept, name === "norm" ? 1 : shape.length).map((extent) => axis("r", extent));
      return rest.length > 0 ? reduce("sum", rest, of([...at, ...rest])) : of(at);
    });
  };
  const rows = sum("rows", 1, (place) => {
    const g = load(gradient, place.map(axisIndex));
    return times(g, g);
  });
  return sum("norm", 0, (place) => load(rows, place.map(axisIndex)));
}
