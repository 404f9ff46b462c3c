/** Finds variables that a model file reads above their declaration: the form that a cycle takes in a file. */
import {
  type CallExpression,
  type NewExpression,
  Node,
  type SourceFile,
  SyntaxKind,
  type VariableDeclaration,
} from "ts-morph";

type Call = CallExpression | NewExpression;

export interface EarlyUse {
  readonly name: string;
  /** The line of its declaration. */
  readonly line: number;
  /** The call that reads it. Lines and columns count from 1. */
  readonly at: { readonly line: number; readonly column: number };
  /** The variable that holds the call's value. */
  readonly holder: string | undefined;
  /** `a`, `b`, `a`: each is made from the next. Absent where moving the declaration up is all it takes. */
  readonly cycle: readonly string[] | undefined;
}

/** The first early use in the call around a position, else in any call of the file. */
export function findEarlyUse(source: SourceFile, position: number): EarlyUse | undefined {
  const calls: Call[] = [];
  for (let node = source.getDescendantAtPos(position); node; node = node.getParent())
    if (isCall(node)) calls.push(node);
  source.forEachDescendant((node) => {
    if (isCall(node)) calls.push(node);
  });
  for (const call of calls) {
    const found = earlyIn(call);
    if (found) return found;
  }
  return undefined;
}

function isCall(node: Node): node is Call {
  return Node.isCallExpression(node) || Node.isNewExpression(node);
}

/** A variable in a call's arguments that the same function declares after the call. */
function earlyIn(call: Call): EarlyUse | undefined {
  const own = call.getFirstAncestorByKind(SyntaxKind.VariableDeclaration);
  for (const name of call.getArguments().flatMap(namesRead)) {
    const later = declarationOf(name, call);
    if (!later || later.getStart() < call.getEnd() || functionAround(later) !== functionAround(call))
      continue;
    const { line, column } = call.getSourceFile().getLineAndColumnAtPos(call.getStart());
    return {
      name,
      line: later.getStartLineNumber(),
      at: { line, column },
      holder: own?.getName(),
      cycle: own && pathTo(own, later, [own.getName()]),
    };
  }
  return undefined;
}

function functionAround(node: Node): Node | undefined {
  return node.getFirstAncestor((n) => Node.isFunctionLikeDeclaration(n) || Node.isFunctionExpression(n));
}

/** The variables an expression reads: names of properties are none. */
function namesRead(node: Node): readonly string[] {
  const names = Node.isIdentifier(node) ? [node] : node.getDescendantsOfKind(SyntaxKind.Identifier);
  return names
    .filter((n) => {
      const parent = n.getParent();
      if (Node.isPropertyAssignment(parent)) return parent.getNameNode() !== n;
      return !Node.isPropertyAccessExpression(parent) || parent.getNameNode() !== n;
    })
    .map((n) => n.getText());
}

function declarationOf(name: string, near: Node): VariableDeclaration | undefined {
  for (const scope of near.getAncestors()) {
    if (Node.isFunctionLikeDeclaration(scope) && scope.getParameters().some((p) => p.getName() === name))
      return undefined;
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
