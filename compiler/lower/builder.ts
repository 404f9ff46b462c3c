/** A kernel's statements as they are built, in nested scopes. Names are given and values placed by later passes. */
import { must } from "../errors.ts";
import type { Axis, Expr } from "../ir/expr.ts";
import type { Stmt } from "../ir/stmt.ts";
import type { Memory, Value, ValueType, Variable } from "../ir/value.ts";
import { int, newMemory, newVariable, sizeValue } from "../math/value.ts";

interface Scope {
  readonly statements: Stmt[];
  /** What expressions were found to be here. */
  readonly known: Map<Expr, Value>;
  /** Axes that are values from here on. */
  readonly axes: Set<Axis>;
}

const newScope = (): Scope => ({ statements: [], known: new Map(), axes: new Set() });

/** A loop's ends: from `start` to below `end`. */
export interface Span {
  readonly start?: Value;
  readonly end: Value;
  readonly step?: number;
  /** Whether it hides how often it runs, whatever the schedule says of loops. */
  readonly opaque?: boolean;
}

export class Builder {
  readonly #scopes: Scope[] = [newScope()];
  readonly #depths = new Map<Axis, number>();
  readonly #opaque: boolean;
  /** Arrays of the workgroup. */
  readonly shared: Memory[] = [];

  /** @param opaque whether loops of a known end hide it from the driver */
  constructor(opaque: boolean) {
    this.#opaque = opaque;
  }

  get depth(): number {
    return this.#scopes.length - 1;
  }

  /** The statements built so far, the outermost scope's. */
  get statements(): readonly Stmt[] {
    return must(this.#scopes[0], "scope").statements;
  }

  push(statement: Stmt): void {
    must(this.#scopes.at(-1), "scope").statements.push(statement);
  }

  let(stem: string, value: Value): Variable {
    const variable = newVariable(stem, value.type);
    this.push({ kind: "let", variable, value });
    return variable;
  }

  /** A variable that is assigned to. */
  var(stem: string, value: Value): Variable {
    const variable = newVariable(stem, value.type);
    this.push({ kind: "var", variable, value });
    return variable;
  }

  assign(to: Variable, op: "=" | "+=", value: Value): void {
    this.push({ kind: "assign", to, op, value });
  }

  /** An array in the memory of the workgroup. */
  share(stem: string, type: ValueType, length: number): Memory {
    const memory = newMemory({ space: "workgroup", stem, type, length, writable: true });
    this.shared.push(memory);
    return memory;
  }

  /** From the current scope on, an axis is a value. */
  bind(axis: Axis, value: Value): void {
    this.#depths.set(axis, this.depth);
    must(this.#scopes.at(-1), "scope").axes.add(axis);
    this.push({ kind: "bind", axis, value });
  }

  isBound(axis: Axis): boolean {
    return this.#scopes.some((scope) => scope.axes.has(axis));
  }

  /** The innermost of the scopes from which axes are known. */
  depthOfAll(axes: Iterable<Axis>): number {
    return Math.max(0, ...[...axes].map((axis) => this.depthOf(axis)));
  }

  /** The scope from which an axis is known; 0 where none says so. */
  depthOf(axis: Axis): number {
    return this.#depths.get(axis) ?? 0;
  }

  /** Builds `body` into a new innermost scope. */
  nested(body: () => void): readonly Stmt[] {
    this.#scopes.push(newScope());
    body();
    return must(this.#scopes.pop(), "scope").statements;
  }

  if(condition: Value | undefined, body: () => void): void {
    if (condition === undefined) body();
    else this.push({ kind: "if", condition, body: this.nested(body) });
  }

  for(
    stem: string,
    { start = int(0), end, step = 1, opaque = false }: Span,
    body: (at: Variable) => void,
  ): void {
    const variable = newVariable(stem, int(0).type);
    const inner = this.nested(() => body(variable));
    const hides = end.kind === "literal" && (opaque || this.#opaque);
    this.push({ kind: "for", variable, start, end, step, opaque: hides, body: inner });
  }

  /** A loop over an axis. */
  loop(axis: Axis, body: () => void): void {
    this.for(axis.name, { end: sizeValue(axis.extent) }, (at) => {
      this.bind(axis, at);
      body();
    });
  }

  /** Runs `body` as if only the scopes up to `depth` existed: what it builds goes there. */
  at<T>(depth: number, body: () => T): T {
    const inner = this.#scopes.splice(depth + 1);
    try {
      return body();
    } finally {
      this.#scopes.splice(depth + 1, this.#scopes.length, ...inner);
    }
  }

  /** What an expression was found to be in a scope that is open. */
  lookup(e: Expr): Value | undefined {
    for (const scope of this.#scopes) {
      const value = scope.known.get(e);
      if (value) return value;
    }
    return undefined;
  }

  /** Remembers it as long as a scope is open: the innermost one, unless it is said. */
  remember(e: Expr, value: Value, depth = this.depth): Value {
    must(this.#scopes[depth], "scope").known.set(e, value);
    return value;
  }
}
