/**
 * Runs the statements of a kernel in plain numbers, before and after the passes: what they mean, stated a second time.
 * The threads of a quad go step by step together.
 */
import type { Atom, Axis, Index } from "../../compiler/ir/expr.ts";
import type { Stmt } from "../../compiler/ir/stmt.ts";
import type { Memory, Scalar, Value, Variable } from "../../compiler/ir/value.ts";

/** By thread, then by component. */
type Numbers = readonly (readonly number[])[];

/** What a thread stored, and where. */
export interface Stored {
  readonly thread: number;
  readonly at: number;
  readonly value: readonly number[];
}

/** Number `i` of any tensor: small and whole, so that sums are exact in every order. */
export const numberAt = (i: number): number => ((Math.imul(i, 0x9e3779b1) >>> 20) % 61) - 30;

const ROUNDED: Readonly<Record<Scalar, (x: number) => number>> = {
  f32: Math.fround,
  f16: Math.fround,
  i32: (x) => x | 0,
  u32: (x) => x >>> 0,
  bool: Number,
};

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "&": (a, b) => a & b,
  ">>": (a, b) => a >> b,
  "<": (a, b) => Number(a < b),
  ">=": (a, b) => Number(a >= b),
};

const CALLS: Readonly<Record<string, (...x: number[]) => number>> = { min: Math.min, max: Math.max };

function known<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`${what} is not known here`);
  return found;
}

/** Throws where a variable is used outside of its scope. */
export function run(statements: readonly Stmt[], threads = 1): readonly Stored[] {
  const stored: Stored[] = [];
  const scopes: Map<Variable | Axis, Numbers>[] = [];
  const all = (make: (thread: number) => readonly number[]): Numbers =>
    Array.from({ length: threads }, (_, t) => make(t));
  const find = (key: Variable | Axis): Numbers => {
    const scope = scopes.findLast((s) => s.has(key));
    return known(scope?.get(key), "stem" in key ? key.stem : key.name);
  };

  const atom = (a: Atom, thread: number): number => {
    if (a.kind === "axis") return known(find(a)[thread]?.[0], a.name);
    if (a.kind === "lookup") throw new Error("a number of a tensor stands in an index");
    const of = index(a.of, thread);
    return a.kind === "div" ? Math.floor(of / a.by) : of - a.by * Math.floor(of / a.by);
  };
  const index = ({ constant, terms }: Index, thread: number): number =>
    terms.reduce((sum, t) => sum + t.coefficient * atom(t.atom, thread), constant);
  const element = ({ type: { width } }: Memory, at: number): readonly number[] =>
    Array.from({ length: width }, (_, i) => numberAt(at * width + i));

  const evaluate = (v: Value): Numbers => {
    const { scalar, width } = v.type;
    const each = (parts: readonly Value[], f: (...x: number[]) => number): Numbers => {
      const given = parts.map(evaluate);
      return all((t) =>
        Array.from({ length: width }, (_, c) =>
          ROUNDED[scalar](f(...given.map((g) => known(g[t]?.[c] ?? g[t]?.[0], "component")))),
        ),
      );
    };
    switch (v.kind) {
      case "variable":
        return find(v);
      case "literal":
        return all(() => [v.value]);
      case "builtin":
        return all((t) => [v.name === "local" ? t : 0]);
      case "load": {
        const at = evaluate(v.at);
        return all((t) => element(v.from, known(at[t]?.[0], "address")));
      }
      case "fetch":
        return all((t) => element(v.from, index(v.at, t)));
      case "element":
        return all((t) => [numberAt(index(v.at, t))]);
      case "index":
        return all((t) => [index(v.index, t)]);
      case "negate":
        return each([v.of], (x) => -x);
      case "convert":
        return each([v.of], (x) => x);
      case "bits":
        return each([v.of], (x) => new Float32Array(Uint32Array.of(x).buffer)[0] ?? 0);
      case "binary":
        return each([v.left, v.right], known(BINARY[v.op], v.op));
      case "call":
        return each(v.args, known(CALLS[v.fn], v.fn));
      case "select":
        return each([v.condition, v.then, v.otherwise], (test, yes, no) => (test ? yes : no));
      case "named":
        return evaluate(v.of);
      case "component": {
        const of = evaluate(v.of);
        return all((t) => [known(of[t]?.[v.lane], "component")]);
      }
      case "compose": {
        const parts = v.parts.map(evaluate);
        return all((t) =>
          Array.from({ length: width }, (_, c) => known(parts[c % parts.length]?.[t]?.[0], "part")),
        );
      }
      case "broadcast": {
        const of = evaluate(v.of);
        return all(() => known(of[v.lane], "thread"));
      }
      case "uniform":
      case "random":
        throw new Error(`no ${v.kind} here`);
    }
  };

  /** What all threads agree about. */
  const uniform = (v: Value): number => {
    const [first, ...others] = evaluate(v).map((x) => known(x[0], "number"));
    if (others.some((x) => x !== first)) throw new Error("threads part");
    return known(first, "number");
  };
  const declare = (key: Variable | Axis, value: Numbers): void => {
    known(scopes.at(-1), "scope").set(key, value);
  };
  const scope = (list: readonly Stmt[], begin = (): void => {}): void => {
    scopes.push(new Map());
    begin();
    list.forEach(step);
    scopes.pop();
  };
  const step = (s: Stmt): void => {
    switch (s.kind) {
      case "let":
      case "var":
        declare(s.variable, evaluate(s.value));
        return;
      case "bind":
        declare(s.axis, evaluate(s.value));
        return;
      case "assign": {
        const [old, given] = [find(s.to), evaluate(s.value)];
        const value =
          s.op === "=" ? given : given.map((x, t) => x.map((n, c) => n + known(old[t]?.[c], "sum")));
        scopes.findLast((m) => m.has(s.to))?.set(s.to, value);
        return;
      }
      case "store": {
        const [at, value] = [evaluate(s.at), evaluate(s.value)];
        value.forEach((x, thread) => {
          stored.push({ thread, at: known(at[thread]?.[0], "address"), value: x });
        });
        return;
      }
      case "for":
        for (let i = uniform(s.start); i < uniform(s.end); i += s.step)
          scope(s.body, () =>
            declare(
              s.variable,
              all(() => [i]),
            ),
          );
        return;
      case "if":
        if (uniform(s.condition)) scope(s.body);
        else if (s.otherwise) scope(s.otherwise);
        return;
      case "share":
        return;
      default:
        throw new Error(`no ${s.kind} here`);
    }
  };
  scope(statements);
  return stored;
}
