/** Index expressions in mathematical notation: `sigmoid((Σ_{i<3} image[n, i, h + u − 2] · weight[c, i, u]) + bias[c])`. */
import { showDim } from "../../contract/shapes.ts";
import type { Atom, Axis, Bound, Expr, Index, Node, Term } from "./expr.ts";
import type { Region } from "./region.ts";

const INFIX: Readonly<Record<string, readonly [symbol: string, rank: number]>> = {
  add: ["+", 1],
  sub: ["−", 1],
  mul: ["·", 2],
  div: ["/", 2],
};

const BIG = { sum: "Σ", prod: "Π", max: "max", min: "min" } as const;

function showNumber(value: number): string {
  return Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(6))}`;
}

/** The terms as a person writes an address: the largest strides first. */
export function byWeight({ terms }: Index): readonly Term[] {
  return terms.toSorted((a, b) => Math.abs(b.coefficient) - Math.abs(a.coefficient));
}

/** Prints expressions of one kernel; two axes never share a name: the second `c` is `c′`. */
export class ExprPrinter {
  private readonly names = new Map<Axis, string>();
  private readonly known = new Map<Expr, string>();

  /** From here on an expression is printed as this text. */
  call(e: Expr, text: string): void {
    if (e.kind !== "const" && e.kind !== "load") this.known.set(e, text);
  }

  name(axis: Axis): string {
    const known = this.names.get(axis);
    if (known !== undefined) return known;
    const taken = new Set(this.names.values());
    let name = axis.name;
    while (taken.has(name)) name += "′";
    this.names.set(axis, name);
    return name;
  }

  /** `n<N c<6`, or a dash where there is none. */
  axes(list: readonly Axis[], between = " "): string {
    return list.map((a) => `${this.name(a)}<${showDim(a.extent)}`).join(between) || "–";
  }

  index(index: Index): string {
    const parts = byWeight(index).map(({ coefficient, atom }) => {
      const text = this.atom(atom);
      const factor = atom.kind === "mod" && coefficient !== 1 ? `(${text})` : text;
      return coefficient === 1 ? factor : coefficient === -1 ? `−${factor}` : `${factor}·${coefficient}`;
    });
    if (index.constant !== 0 || parts.length === 0) parts.push(`${index.constant}`);
    return parts.join(" + ").replaceAll("+ −", "− ").replaceAll("+ -", "− ");
  }

  private atom(atom: Atom): string {
    if (atom.kind === "axis") return this.name(atom);
    if (atom.kind === "lookup") return this.element(atom.from, atom.index);
    const inner = this.inParentheses(atom.of);
    return atom.kind === "div" ? `⌊${inner}/${atom.by}⌋` : `${inner} mod ${atom.by}`;
  }

  private element(from: Node, index: readonly Index[]): string {
    return `${from.origin.name}[${index.map((i) => this.index(i)).join(", ")}]`;
  }

  private inParentheses(index: Index): string {
    const text = this.index(index);
    return index.terms.length === 1 && index.constant === 0 ? text : `(${text})`;
  }

  private bound({ index, extent }: Bound): string {
    return `0 ≤ ${this.index(index)} < ${showDim(extent)}`;
  }

  /** @param outer how tightly what is around binds: 0 nothing, 1 a sum, 2 a product */
  expr(e: Expr, outer = 0): string {
    const known = this.known.get(e);
    if (known !== undefined) return known;
    switch (e.kind) {
      case "const":
        return showNumber(e.value);
      case "size":
        return showDim(e.of);
      case "random":
        return `random(${this.index(e.counter)})`;
      case "rate":
        return `rate${e.slot}`;
      case "position":
        return `(${this.index(e.index)})`;
      case "load":
        return this.element(e.from, e.index);
      case "acc":
        return `acc[${e.index.map((i) => this.index(i)).join(", ")}]`;
      case "call": {
        const infix = INFIX[e.fn];
        const [a, b] = e.args;
        if (infix === undefined || a === undefined || b === undefined)
          return `${e.fn}(${e.args.map((arg) => this.expr(arg)).join(", ")})`;
        const [symbol, rank] = infix;
        const text = `${this.expr(a, rank - 0.5)} ${symbol} ${this.expr(b, rank)}`;
        return outer >= rank ? `(${text})` : text;
      }
      case "guard": {
        const bounds = e.bounds.map((b) => this.bound(b)).join(" ∧ ");
        return `(${bounds} ? ${this.expr(e.then, 1)} : ${this.expr(e.otherwise, 1)})`;
      }
      case "reduce": {
        const text = `${BIG[e.op]}_{${this.axes(e.axes, ", ")}} ${this.expr(e.body, 1)}`;
        return outer > 0 ? `(${text})` : text;
      }
    }
  }
}

/** `conv1[n, c] = Σ_{…} …`: what each result of a region is, in terms of those before it. */
export function formulas({ axes, results }: Region, print: ExprPrinter): readonly string[] {
  for (const axis of axes) print.name(axis); // in this order, so that they keep their plain names
  return results.map(({ root, place, value }) => {
    const stored = `${root.origin.name}[${place.map((i) => print.index(i)).join(", ")}]`;
    const formula = `${stored} = ${print.expr(value)}`;
    print.call(value, stored);
    return formula;
  });
}

/** One index by itself: `h·2 + u − 1`. */
export function showIndex(index: Index): string {
  return new ExprPrinter().index(index);
}
