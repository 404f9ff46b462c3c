/** An index expression in mathematical notation: `sigmoid(bias[c] + Σ_{i,u,v} image[n, i, h + u − 2, w + v − 2] · weight[c, i, u, v])`. */
import type { Bound, Expr } from "../../compiler/ir/expr.ts";
import { showIndex } from "../../compiler/math/affine.ts";

const INFIX: Readonly<Record<string, readonly [symbol: string, rank: number]>> = {
  add: ["+", 1],
  sub: ["−", 1],
  mul: ["·", 2],
  div: ["/", 2],
};

const BIG: Readonly<Record<string, string>> = { sum: "Σ", max: "max", min: "min" };

function showNumber(value: number): string {
  return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(6))}`;
}

function showBound({ index, extent }: Bound): string {
  return `0 ≤ ${showIndex(index)} < ${extent}`;
}

/** @param outer how tightly what is around binds: 0 nothing, 1 a sum, 2 a product */
export function showExpr(e: Expr, outer = 0): string {
  switch (e.kind) {
    case "const":
      return showNumber(e.value);
    case "batch":
      return "N";
    case "position":
      return `(${showIndex(e.index)})`;
    case "load":
      return `${e.from.origin.name}[${e.index.map(showIndex).join(", ")}]`;
    case "acc":
      return `acc[${e.index.map(showIndex).join(", ")}]`;
    case "call": {
      const infix = INFIX[e.fn];
      if (infix === undefined || e.args.length !== 2)
        return `${e.fn}(${e.args.map((a) => showExpr(a)).join(", ")})`;
      const [symbol, rank] = infix;
      const [left, right] = e.args.map((a, i) => showExpr(a, i === 0 ? rank - 0.5 : rank));
      const text = `${left} ${symbol} ${right}`;
      return outer >= rank ? `(${text})` : text;
    }
    case "guard": {
      const text = `${e.bounds.map(showBound).join(" ∧ ")} ? ${showExpr(e.then, 1)} : ${showExpr(e.otherwise, 1)}`;
      return `(${text})`;
    }
    case "reduce": {
      const axes = e.axes.map((a) => `${a.name}<${a.extent}`).join(", ");
      const text = `${BIG[e.op]}_{${axes}} ${showExpr(e.body, 1)}`;
      return outer > 0 ? `(${text})` : text;
    }
  }
}
