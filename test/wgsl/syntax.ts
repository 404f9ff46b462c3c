/** The part of WGSL that Weft writes, as a tree. What is not understood is an error, never passed over. */

export interface TypeRef {
  readonly name: string;
  readonly args: readonly (TypeRef | number)[];
}

export type Expr =
  | {
      readonly kind: "number";
      readonly value: number;
      readonly type: "int" | "float" | "u32" | "i32" | "f32";
    }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "unary"; readonly op: string; readonly x: Expr }
  | { readonly kind: "binary"; readonly op: string; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "call"; readonly callee: TypeRef; readonly args: readonly Expr[] }
  | { readonly kind: "index"; readonly of: Expr; readonly at: Expr }
  | { readonly kind: "member"; readonly of: Expr; readonly name: string };

export type Stmt =
  | { readonly kind: "let" | "var"; readonly name: string; readonly type?: TypeRef; readonly value?: Expr }
  /** `op` is empty for a plain assignment. */
  | { readonly kind: "assign"; readonly target: Expr; readonly op: string; readonly value: Expr }
  | {
      readonly kind: "for";
      readonly init: Stmt;
      readonly test: Expr;
      readonly next: Stmt;
      readonly body: readonly Stmt[];
    }
  | {
      readonly kind: "if";
      readonly test: Expr;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[];
    }
  | { readonly kind: "return"; readonly value?: Expr }
  | { readonly kind: "call"; readonly call: Expr };

export interface Field {
  readonly name: string;
  readonly type: TypeRef;
  /** Of an entry point's parameter: `workgroup_id` … */
  readonly builtin?: string;
}

export interface Variable extends Field {
  readonly space: string;
  readonly access: string;
  /** Of variables in workgroup memory: −1. */
  readonly binding: number;
}

export interface Fn {
  readonly name: string;
  readonly params: readonly Field[];
  readonly result?: TypeRef;
  readonly body: readonly Stmt[];
  /** Of the entry point: threads of a workgroup. */
  readonly workgroup?: number;
}

export interface Module {
  readonly enabled: readonly string[];
  readonly structs: ReadonlyMap<string, readonly Field[]>;
  readonly variables: readonly Variable[];
  readonly functions: readonly Fn[];
}

const TOKEN =
  /\s+|\/\/[^\n]*|(\d+\.\d*(?:[eE][+-]?\d+)?f?|\.\d+f?|\d+[eE][+-]?\d+f?|0x[\da-fA-F]+[ui]?|\d+[uif]?)|([A-Za-z_]\w*)|(->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^!~<>=()[\]{}.,;:@])/gy;

function tokens(code: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < code.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(code);
    if (!match) throw new Error(`no WGSL that Weft writes: ${code.slice(at, at + 40)}`);
    const token = match[1] ?? match[2] ?? match[3];
    if (token !== undefined) found.push(token);
  }
  return found;
}

/** Weakest first. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
] as const;

/** Names after which `<` begins a list of types. */
const GENERIC = /^(vec[234]|array|var|bitcast)$/;

export function parse(code: string): Module {
  const list = tokens(code);
  let next = 0;
  const peek = (ahead = 0): string => list[next + ahead] ?? "";
  const take = (): string => list[next++] ?? "";
  const fail = (wanted: string): never => {
    throw new Error(`WGSL: ${wanted} expected at "${list.slice(next, next + 8).join(" ")}"`);
  };
  const eat = (token: string): void => {
    if (take() !== token) {
      next--;
      fail(`"${token}"`);
    }
  };
  const when = (token: string): boolean => peek() === token && next++ >= 0;
  const separated = <T>(end: string, item: () => T): T[] => {
    const items: T[] = [];
    for (;;) {
      // `array<vec2<f32>>` ends two lists with one token.
      if (end === ">" && peek() === ">>") list.splice(next, 1, ">", ">");
      if (when(end)) return items;
      items.push(item());
      if (peek() !== end && peek() !== `${end}${end}`) eat(",");
    }
  };
  const identifier = (): string => (/^[A-Za-z_]/.test(peek()) ? take() : fail("a name"));

  function type(): TypeRef {
    const name = identifier();
    return { name, args: GENERIC.test(name) && when("<") ? separated(">", typeArgument) : [] };
  }
  function typeArgument(): TypeRef | number {
    return /^\d/.test(peek()) ? Number.parseInt(take(), 10) : type();
  }

  function expression(level = 0): Expr {
    const ops: readonly string[] | undefined = LEVELS[level];
    if (!ops) return unary();
    let a = expression(level + 1);
    while (ops.includes(peek())) a = { kind: "binary", op: take(), a, b: expression(level + 1) };
    return a;
  }
  function unary(): Expr {
    return ["-", "!", "~"].includes(peek()) ? { kind: "unary", op: take(), x: unary() } : postfix();
  }
  function postfix(): Expr {
    let x = primary();
    for (;;) {
      if (when("[")) {
        x = { kind: "index", of: x, at: expression() };
        eat("]");
      } else if (when(".")) x = { kind: "member", of: x, name: identifier() };
      else return x;
    }
  }
  function primary(): Expr {
    if (when("(")) {
      const inner = expression();
      eat(")");
      return inner;
    }
    if (/^[.\d]/.test(peek())) return number(take());
    const callee = type();
    if (when("(")) return { kind: "call", callee, args: separated(")", () => expression()) };
    if (callee.name === "true" || callee.name === "false")
      return { kind: "flag", value: callee.name === "true" };
    return { kind: "name", name: callee.name };
  }
  function number(text: string): Expr {
    const suffix = text.startsWith("0x") ? /[ui]$/.exec(text)?.[0] : /[uif]$/.exec(text)?.[0];
    const kinds = { u: "u32", i: "i32", f: "f32" } as const;
    const plain = /[.eE]/.test(text) && !text.startsWith("0x") ? "float" : "int";
    const value = Number(suffix ? text.slice(0, -1) : text);
    return { kind: "number", value, type: suffix ? kinds[suffix as keyof typeof kinds] : plain };
  }

  function block(): readonly Stmt[] {
    eat("{");
    const body: Stmt[] = [];
    while (!when("}")) body.push(statement());
    return body;
  }
  function statement(): Stmt {
    if (when("if")) return condition();
    if (when("for")) {
      eat("(");
      const init = simple();
      eat(";");
      const test = expression();
      eat(";");
      const step = simple();
      eat(")");
      return { kind: "for", init, test, next: step, body: block() };
    }
    if (when("return")) {
      const value = peek() === ";" ? undefined : expression();
      eat(";");
      return { kind: "return", ...(value ? { value } : {}) };
    }
    const found = simple();
    eat(";");
    return found;
  }
  function condition(): Stmt {
    const test = expression();
    const then = block();
    const otherwise = when("else") ? (when("if") ? [condition()] : block()) : [];
    return { kind: "if", test, then, otherwise };
  }
  function simple(): Stmt {
    for (const kind of ["let", "var"] as const) {
      if (!when(kind)) continue;
      const name = identifier();
      const declared = when(":") ? type() : undefined;
      const value = when("=") ? expression() : undefined;
      return { kind, name, ...(declared ? { type: declared } : {}), ...(value ? { value } : {}) };
    }
    const target = postfix();
    if (target.kind === "call") return { kind: "call", call: target };
    const op = take();
    const one: Expr = { kind: "number", value: 1, type: "int" };
    if (op === "++" || op === "--") return { kind: "assign", target, op: op.slice(1), value: one };
    if (!op.endsWith("=")) fail("an assignment");
    return { kind: "assign", target, op: op.slice(0, -1), value: expression() };
  }

  /** `@name(arguments)` … */
  function attributes(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    while (when("@")) {
      const name = identifier();
      found.set(name, when("(") ? take() : "");
      if (found.get(name) !== "") eat(")");
    }
    return found;
  }
  function field(): Field {
    const builtin = attributes().get("builtin");
    const name = identifier();
    eat(":");
    return { name, type: type(), ...(builtin === undefined ? {} : { builtin }) };
  }

  const enabled: string[] = [];
  const structs = new Map<string, readonly Field[]>();
  const variables: Variable[] = [];
  const functions: Fn[] = [];
  while (next < list.length) {
    const marks = attributes();
    if (when("enable")) {
      enabled.push(identifier());
      eat(";");
    } else if (when("struct")) {
      const name = identifier();
      eat("{");
      structs.set(name, separated("}", field));
      when(";");
    } else if (when("var")) {
      eat("<");
      const [space = "", access = "read"] = separated(">", identifier);
      variables.push({ ...field(), space, access, binding: Number(marks.get("binding") ?? -1) });
      eat(";");
    } else {
      eat("fn");
      const name = identifier();
      eat("(");
      const params = separated(")", field);
      const result = when("->") ? type() : undefined;
      const workgroup = marks.get("workgroup_size");
      functions.push({
        name,
        params,
        body: block(),
        ...(result ? { result } : {}),
        ...(workgroup === undefined ? {} : { workgroup: Number(workgroup) }),
      });
    }
  }
  return { enabled, structs, variables, functions };
}
