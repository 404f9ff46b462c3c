/** Values as WGSL text. Parentheses stand where the grammar needs them (WGSL, section 8.19, "Operator precedence"). */
import type { Size } from "../../../contract/type.ts";
import { InternalError, must } from "../../errors.ts";
import type { BinaryOp, Fn, Memory, Value, ValueType, Variable } from "../../ir/value.ts";
import { int, loadFrom, plus } from "../../math/value.ts";
import { type Helper, scalars } from "../../ops/scalar.ts";
import { floatLiteral } from "./literal.ts";

/** What variables, arrays and sizes are called. */
export type Names = ReadonlyMap<Variable | Memory | Size, string>;

/** How tightly a text binds. */
const [PRIMARY, UNARY, SHIFT, RELATION, ANY] = [7, 6, 3.5, 3, 0];

/** An operator's rank, and what its operands must have; one of its own may stand to its left. */
const OPERATORS: Readonly<Record<BinaryOp, { readonly rank: number; readonly operands: number }>> = {
  "*": { rank: 5, operands: UNARY },
  "/": { rank: 5, operands: UNARY },
  "%": { rank: 5, operands: UNARY },
  "+": { rank: 4, operands: 5 },
  "-": { rank: 4, operands: 5 },
  ">>": { rank: SHIFT, operands: UNARY },
  "<": { rank: RELATION, operands: SHIFT },
  ">=": { rank: RELATION, operands: SHIFT },
  "==": { rank: RELATION, operands: SHIFT },
  "!=": { rank: RELATION, operands: SHIFT },
  "&": { rank: 2, operands: UNARY },
  "&&": { rank: 1, operands: RELATION },
};
/** Operators after which one of the same rank may stand without parentheses. */
const CHAINS: ReadonlySet<BinaryOp> = new Set(["*", "/", "%", "+", "-", "&", "&&"]);

/** `f32`, `vec2<f32>`, `vec4<u32>` … */
export function wgslType({ scalar, width }: ValueType): string {
  return width === 1 ? scalar : `vec${width}<${scalar}>`;
}

/** A value's text; `need` is how tightly it has to bind. */
export function printValue(v: Value, names: Names, need = ANY): string {
  const { text, rank } = spelt(v, names);
  return rank < need ? `(${text})` : text;
}

interface Spelt {
  readonly text: string;
  readonly rank: number;
}

function spelt(v: Value, names: Names): Spelt {
  const inner = (part: Value, need = ANY): string => printValue(part, names, need);
  const called = (name: string, args: readonly Value[]): Spelt => ({
    text: `${name}(${args.map((a) => inner(a)).join(", ")})`,
    rank: PRIMARY,
  });
  switch (v.kind) {
    case "variable":
      return { text: nameOf(v, names), rank: PRIMARY };
    case "literal":
      return {
        text: literal(v.type, v.value),
        rank: v.value < 0 || Object.is(v.value, -0) ? ANY : PRIMARY,
      };
    case "uniform": {
      const slot = v.field === "rates" ? `.${"xyzw"[v.slot]}` : "";
      const field = typeof v.field === "object" ? nameOf(v.field, names) : v.field;
      return { text: `batch.${field}${slot}`, rank: PRIMARY };
    }
    case "builtin":
      return v.name === "local"
        ? { text: "local", rank: PRIMARY }
        : { text: "group.y * groups.x + group.x", rank: OPERATORS["+"].rank };
    case "load": {
      const { width } = v.type;
      if (width > v.from.type.width)
        return called(
          wgslType(v.type),
          Array.from({ length: width }, (_, lane) => loadFrom(v.from, plus(v.at, int(lane)))),
        );
      return { text: `${nameOf(v.from, names)}[${inner(v.at)}]`, rank: PRIMARY };
    }
    case "negate":
      return { text: `-${inner(v.of, PRIMARY)}`, rank: UNARY };
    case "binary": {
      const { rank, operands } = OPERATORS[v.op];
      const { text, rank: own } = spelt(v.left, names);
      const fits = own >= operands || (own === rank && CHAINS.has(v.op));
      return { text: `${fits ? text : `(${text})`} ${v.op} ${inner(v.right, operands)}`, rank };
    }
    case "call":
      return called(functionName(v.fn, v.type), v.args);
    case "select":
      return called("select", [v.otherwise, v.then, v.condition]);
    case "compose":
      return called(wgslType(v.type), v.parts);
    case "component":
      return { text: `${inner(v.of, PRIMARY)}.${"xyzw"[v.lane]}`, rank: PRIMARY };
    case "convert":
      return called(wgslType(v.type), [v.of]);
    case "bits":
      return called("bitcast<f32>", [v.of]);
    case "broadcast":
      return { text: `quadBroadcast(${inner(v.of)}, ${v.lane})`, rank: PRIMARY };
    case "random":
      return { text: `random(${inner(v.counter)}, ${v.salt}u)`, rank: PRIMARY };
    case "named":
    case "index":
    case "element":
    case "fetch":
      throw new InternalError(`a value that passes leave behind: ${v.kind}`);
  }
}

function nameOf(of: Variable | Memory | Size, names: Names): string {
  return must(names.get(of), "name");
}

function literal({ scalar }: ValueType, value: number): string {
  if (scalar === "f32") return floatLiteral(value);
  return scalar === "u32" ? `${value}u` : `${value}`;
}

/** The helper that a function is in WGSL, if it is one. */
export function helperOf(fn: Fn): Helper | undefined {
  const spelling = fn === "clamp" ? fn : scalars[fn].wgsl;
  return typeof spelling === "object" ? spelling : undefined;
}

/** What a function is called; helpers are written for each width: `sigmoid`, `sigmoid4`. */
export function functionName(fn: Fn, { width }: ValueType): string {
  const helper = helperOf(fn);
  if (helper) return width === 1 ? helper.name : `${helper.name}${width}`;
  return fn === "clamp" ? fn : (scalars[fn].wgsl as string); // what is no helper is a function of WGSL's
}
