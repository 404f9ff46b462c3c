/** Finds variables that a model file reads above their declaration: the form that a cycle takes in a file. */
import {
  type CallExpression,
  type NewExpression,
  Node,
  SyntaxKind,
  type VariableDeclaration,
} from "ts-morph";

export interface EarlyUse {
  readonly name: string;
  /** The line of its declaration. */
  readonly line: number;
  /** `a`, `b`, `a`: each is made from the next. Absent where moving the declaration up is all it takes. */
  readonly cycle: readonly string[] | undefined;
}

/** The first variable in a call's arguments whose declaration, in the same scope, comes after the call. */
export function findEarlyUse(call: CallExpression | NewExpression): EarlyUse | undefined {
  const own = call.getFirstAncestorByKind(SyntaxKind.VariableDeclaration);
  for (const name of call.getArguments().flatMap(namesRead)) {
    const later = declarationOf(name, call);
    if (!later || later.getStart() < call.getEnd()) continue;
    const cycle = own && pathTo(own, later, [own.getName()]);
    return { name, line: later.getStartLineNumber(), cycle };
  }
  return undefined;
}

function namesRead(node: Node): readonly string[] {
  const names = Node.isIdentifier(node) ? [node] : node.getDescendantsOfKind(SyntaxKind.Identifier);
  return names.map((n) => n.getText());
}

function declarationOf(name: string, near: Node): VariableDeclaration | undefined {
  for (const scope of near.getAncestors()) {
    if (!Node.isBlock(scope) && !Node.isSourceFile(scope)) continue;
    const found = scope.getVariableDeclaration(name);
    if (found) return found;
  }
  return undefined;
}

/** Names from `start` through what it is made from back to `start`; undefined where it is not made from itself. */
function pathTo(
  start: VariableDeclaration,
  from: VariableDeclaration,
  path: readonly string[],
): readonly string[] | undefined {
  const here = [...path, from.getName()];
  const initializer = from.getInitializer();
  for (const name of initializer ? namesRead(initializer) : []) {
    if (name === start.getName()) return [...here, name];
    const next = declarationOf(name, from);
    const onward = next && !here.includes(name) ? pathTo(start, next, here) : undefined;
    if (onward) return onward;
  }
  return undefined;
}
