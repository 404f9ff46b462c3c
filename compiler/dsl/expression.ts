/**
 * What the meaning of a user's op is written with: positions (whole numbers, affine in the output's axes) and
 * values (numbers computed from them and from the operands' elements).
 */
import { showDim, showShape } from "../../contract/shapes.ts";
import type { Dim as IrDim } from "../../contract/type.ts";
import { plural, UserError } from "../errors.ts";
import type { Axis, Expr, Index, ReduceOp, ScalarName } from "../ir/expr.ts";
import type { Node } from "../ir/graph.ts";
import { showIndex } from "../ir/print.ts";
import * as affine from "../math/affine.ts";
import { call, guard, literal, load, position, reduce } from "../math/build.ts";

/** A whole number that depends on where in the output we are: `i`, `i.times(2).plus(u)`. */
export class Position {
  readonly index: Index;
  constructor(index: Index) {
    this.index = index;
  }
  /** The sum with a position or a whole number. */
  plus(other: Position | number): Position {
    return new Position(affine.add(this.index, indexOf(other)));
  }
  /** The difference to a position or a whole number. */
  minus(other: Position | number): Position {
    return new Position(affine.add(this.index, affine.scale(indexOf(other), -1)));
  }
  /** Times a whole number. */
  times(factor: number): Position {
    return new Position(affine.scale(this.index, whole("times", factor, Number.MIN_SAFE_INTEGER)));
  }
  /** Divided by a positive whole number, rounded down. */
  over(divisor: number): Position {
    return new Position(affine.div(this.index, whole("over", divisor, 1)));
  }
  /** The remainder of a division by a positive whole number, 0 … divisor − 1. */
  mod(divisor: number): Position {
    return new Position(affine.mod(this.index, whole("mod", divisor, 1)));
  }
  /** The position as a number to compute with. */
  value(): Value {
    return new Value(position(this.index));
  }
}

/** A new axis to sum over; a position that runs over 0 … extent − 1. */
export class AxisPosition extends Position {
  readonly axis: Axis;
  constructor(axis: Axis) {
    super(affine.axisIndex(axis));
    this.axis = axis;
  }
}

/** A number at one position of the output. */
export class Value {
  readonly expr: Expr;
  constructor(expr: Expr) {
    this.expr = expr;
  }
  /** this + other */
  plus = (other: Value | number): Value => apply("add", this, other);
  /** this − other */
  minus = (other: Value | number): Value => apply("sub", this, other);
  /** this · other */
  times = (other: Value | number): Value => apply("mul", this, other);
  /** this ÷ other */
  over = (other: Value | number): Value => apply("div", this, other);
  /** The larger one of this and `other`. */
  max = (other: Value | number): Value => apply("max", this, other);
  /** The smaller one of this and `other`. */
  min = (other: Value | number): Value => apply("min", this, other);
  /** This number to the power of `exponent`. */
  pow = (exponent: Value | number): Value => apply("pow", this, exponent);
  /** −this */
  negated = (): Value => apply("neg", this);
  /** |this| */
  abs = (): Value => apply("abs", this);
  /** e to the power of this. */
  exp = (): Value => apply("exp", this);
  /** The natural logarithm. */
  log = (): Value => apply("log", this);
  /** The square root. */
  sqrt = (): Value => apply("sqrt", this);
  /** The hyperbolic tangent. */
  tanh = (): Value => apply("tanh", this);
  /** 1/(1 + e^−this) */
  sigmoid = (): Value => apply("sigmoid", this);
  /** 1 where this is smaller than `other`, else 0. */
  less = (other: Value | number): Value => apply("less", this, other);
  /** `a` where this is not 0, else `b`: `x.less(0).choose(0, x)`. */
  choose = (a: Value | number, b: Value | number): Value => apply("select", this, a, b);
}

export function toValue(value: Value | number): Value {
  if (value instanceof Value) return value;
  if (typeof value === "number" && Number.isFinite(value)) return new Value(literal(value));
  const fix = (value as unknown) instanceof Position ? ".value() of the position" : undefined;
  throw new UserError({ problem: `${describe(value)} is not a value`, ...(fix ? { fix } : {}) });
}

function apply(fn: ScalarName, ...args: readonly (Value | number)[]): Value {
  return new Value(call(fn, ...args.map((a) => toValue(a).expr)));
}

function indexOf(at: Position | number): Index {
  if (at instanceof Position) return at.index;
  if (typeof at === "number" && Number.isSafeInteger(at)) return affine.constant(at);
  throw new UserError({
    problem: `${describe(at)} is not a position`,
    rule: "a position is a whole number, an axis, or made of them",
  });
}

function whole(what: string, factor: number, low: number): number {
  if (Number.isSafeInteger(factor) && factor >= low) return factor;
  const rule =
    low === 1
      ? "a position is divided by a whole number of at least 1"
      : "a position is multiplied by a whole number";
  throw new UserError({ problem: `${what}(${describe(factor)})`, rule });
}

function describe(value: unknown): string {
  return typeof value === "number" || value === undefined || value === null
    ? String(value)
    : `a ${typeof value}`;
}

/** An operand of a user's op. */
export class Elements {
  /** At run time N is the string "N". */
  readonly shape: readonly IrDim[];
  private readonly node: Node;
  constructor(node: Node) {
    this.node = node;
    this.shape = node.type.shape;
  }
  /** The element at these positions, one per dimension. Throws `UserError` where one can leave the tensor. */
  at(...where: readonly (Position | number)[]): Value {
    const index = this.indices(where);
    index.forEach((i, d) => {
      const extent = this.shape[d] ?? 1;
      if (affine.alwaysInside({ index: i, extent })) return;
      const { low, high } = affine.rangeOf(i);
      throw new UserError({
        problem: `position ${showIndex(i)} of dimension ${d} runs over ${low} … ${high} in a tensor ${showShape(this.shape)}`,
        rule: `0 ≤ position < ${showDim(extent)}`,
        fix: "atOr(0, …), which gives 0 outside",
      });
    });
    return new Value(load(this.node, index));
  }
  /** The same, and `otherwise` where a position is outside the tensor: `x.atOr(0, i.minus(1), j)`. */
  atOr(otherwise: Value | number, ...where: readonly (Position | number)[]): Value {
    const index = this.indices(where);
    const bounds = index.map((i, d) => ({ index: i, extent: this.shape[d] ?? 1 }));
    return new Value(guard(bounds, load(this.node, index), toValue(otherwise).expr));
  }
  private indices(where: readonly (Position | number)[]): readonly Index[] {
    if (where.length === this.shape.length) return where.map(indexOf);
    throw new UserError({
      problem: `${where.length} ${plural(where.length, "position")} for a tensor ${showShape(this.shape)}`,
      rule: "one position per dimension",
    });
  }
}

/** A sum, maximum or minimum over axes made by `axis`. */
export function over(
  op: ReduceOp,
  axes: AxisPosition | readonly AxisPosition[],
  value: Value | number,
): Value {
  const list = axes instanceof AxisPosition ? [axes] : axes;
  return new Value(
    reduce(
      op,
      list.map((a) => a.axis),
      toValue(value).expr,
    ),
  );
}
