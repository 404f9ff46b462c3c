/**
 * What a call is called: reads the variable, property or position around a call in a model file's syntax tree.
 * Only the parser is used; types are not looked at, so that loading stays fast.
 */
import {
  type CallExpression,
  type NewExpression,
  Node,
  Project,
  type SourceFile,
  SyntaxKind,
} from "ts-morph";
import { type EarlyUse, findEarlyUse } from "./early.ts";
import type { Frame } from "./frames.ts";

type Call = CallExpression | NewExpression;

export interface Site {
  /** `lenet.ts:7:15`, to tell sites apart. */
  readonly key: string;
  /** The called function, as written: `conv2d`, `block`. */
  readonly callee: string;
  /** The variable or property that holds the value, or a value made from it. */
  readonly holder: string | undefined;
  /** Where variables take its value apart, these: `const [a, b] = split(x, …)`. */
  readonly holders?: readonly string[];
  /** Whether the call's own value is what `holder` holds, rather than an ingredient of it. */
  readonly direct: boolean;
  /** The chain (`sequential`, `pipe`, `residual`) that the call is an element of, where the file has several. */
  readonly chain: string | undefined;
  /** Whether the call stands in a loop, or in a callback, of the function around it. */
  readonly repeats: boolean;
}

export interface SiteReader {
  /** The call at a place in a source; undefined where there is none. */
  site(frame: Frame): Site | undefined;
  /** A variable that is read above its declaration: in the call at this place, else anywhere in its file. */
  usedEarly(frame: Frame): EarlyUse | undefined;
}

export function siteReader(sources: ReadonlyMap<string, string>): SiteReader {
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    skipFileDependencyResolution: true,
  });
  const files = new Map<string, SourceFile>();
  const known = new Map<string, Site | undefined>();
  const parse = (path: string): SourceFile | undefined => {
    const text = sources.get(path);
    if (text === undefined) return undefined;
    const made =
      files.get(path) ??
      project.createSourceFile(`/${files.size}${/\.[cm]?[jt]sx?$/.exec(path)?.[0] ?? ".ts"}`, text);
    files.set(path, made);
    return made;
  };
  return {
    usedEarly(frame) {
      const source = parse(frame.file);
      return source && findEarlyUse(source, positionOf(source, frame));
    },
    site(frame) {
      const key = `${frame.file}:${frame.line}:${frame.column}`;
      if (!known.has(key)) {
        const source = parse(frame.file);
        const call = source && callAt(source, frame);
        known.set(key, call && describe(call, key));
      }
      return known.get(key);
    },
  };
}

/** The call whose callee stands at a position: stacks point at the callee, or at the last name in it. */
function callAt(source: SourceFile, frame: Frame): Call | undefined {
  const position = positionOf(source, frame);
  for (let node = source.getDescendantAtPos(position); node; node = node.getParent()) {
    if (isCall(node) && position < node.getExpression().getEnd()) return node;
  }
  return undefined;
}

function positionOf(source: SourceFile, frame: Frame): number {
  return (source.compilerNode.getLineStarts()[frame.line - 1] ?? 0) + frame.column - 1;
}

function isFunction(node: Node): boolean {
  return Node.isFunctionLikeDeclaration(node) || Node.isFunctionExpression(node);
}

function isCall(node: Node): node is Call {
  return Node.isCallExpression(node) || Node.isNewExpression(node);
}

function calleeName(call: Call): string {
  const callee = call.getExpression();
  if (Node.isPropertyAccessExpression(callee)) return callee.getName();
  if (isCall(callee)) return calleeName(callee);
  return Node.isIdentifier(callee) ? callee.getText() : "call";
}

/** Climbs from a call to whatever holds its value. */
function describe(call: Call, key: string): Site {
  let direct = true;
  let holder: string | undefined;
  let holders: readonly string[] | undefined;
  let child: Node = call;
  let chain: Call | undefined;
  for (let node = call.getParent(); node; child = node, node = node.getParent()) {
    if (isCall(node) && node.getExpression() !== child) {
      direct = false;
      if (isChain(node)) chain = node;
    }
    if (Node.isPropertyAssignment(node)) {
      holder = propertyName(node.getName());
      break;
    }
    if (Node.isVariableDeclaration(node)) {
      const taker = takerOf(node.getNameNode(), child, call);
      if (Node.isArrayBindingPattern(taker))
        holders = taker.getElements().map((e) => (Node.isBindingElement(e) ? e.getName() : ""));
      // A variable that is assigned again names nothing.
      else if (Node.isIdentifier(taker) && !isReassigned(taker)) holder = taker.getText();
      break;
    }
    if (Node.isPropertyDeclaration(node)) {
      holder = propertyName(node.getName());
      break;
    }
    if (Node.isBinaryExpression(node) && node.getOperatorToken().getKind() === SyntaxKind.EqualsToken) {
      holder = assigned(node.getLeft());
      break;
    }
    if (Node.isStatement(node) || isFunction(node) || Node.isSourceFile(node)) break;
  }
  const site = {
    key,
    callee: calleeName(call),
    direct,
    repeats: repeats(call),
    ...(direct && holders ? { holders } : {}),
  };
  if (!chain) return { ...site, holder, chain: undefined };
  // One chain in a file needs no name: its elements are conv1, relu1, conv2, … Of several, each has its own.
  const only = holder === undefined || chainsIn(call.getSourceFile()) < 2;
  return only
    ? { ...site, holder: undefined, chain: undefined }
    : { ...site, holder, chain: `${key.slice(0, key.indexOf(":"))} ${chain.getPos()}` };
}

const chainNames = ["sequential", "pipe", "residual"];

function isChain(call: Call): boolean {
  return chainNames.includes(calleeName(call));
}

/** The number of chains in a file, those within another not counted. */
function chainsIn(source: SourceFile): number {
  let count = 0;
  source.forEachDescendant((node, walk) => {
    if (!isCall(node) || !isChain(node)) return;
    count++;
    walk.skip();
  });
  return count;
}

function propertyName(text: string): string {
  return text.replace(/^["'`]|["'`]$/g, "");
}

/** What takes the call's value in a declaration: a variable, or a pattern that takes it apart. */
function takerOf(name: Node, value: Node, call: Call): Node | undefined {
  if (!Node.isArrayBindingPattern(name) || !Node.isArrayLiteralExpression(value)) return name;
  const values = value.getElements();
  const position = values.findIndex((e) => e.getPos() <= call.getPos() && call.getEnd() <= e.getEnd());
  const [element, own] = [name.getElements()[position], values[position]];
  return Node.isBindingElement(element) && own ? takerOf(element.getNameNode(), own, call) : undefined;
}

function assigned(left: Node): string | undefined {
  if (Node.isPropertyAccessExpression(left)) return left.getName();
  return Node.isIdentifier(left) && !isReassigned(left) ? left.getText() : undefined;
}

/** `x = relu(x)` after `let x = …`: the variable holds many layers, so it names none of them. */
function isReassigned(name: Node): boolean {
  const text = name.getText();
  const scope = name.getFirstAncestor((n) => isFunction(n) || Node.isSourceFile(n));
  let writes = 0;
  scope?.forEachDescendant((n) => {
    if (Node.isVariableDeclaration(n) && n.getName() === text && n.getInitializer()) writes++;
    if (
      Node.isBinaryExpression(n) &&
      n.getOperatorToken().getKind() === SyntaxKind.EqualsToken &&
      n.getLeft().getText() === text
    )
      writes += isInLoop(n) ? 2 : 1;
  });
  return writes > 1 && !isConst(name);
}

function isConst(name: Node): boolean {
  const list = name.getFirstAncestorByKind(SyntaxKind.VariableDeclarationList);
  return list?.getText().startsWith("const") ?? false;
}

/** Whether the call is in a loop, or in a function that is handed to another (`map`, `reduce`, `forEach`). */
function repeats(call: Call): boolean {
  if (isInLoop(call)) return true;
  const around = call.getFirstAncestor((n) => isFunction(n));
  const user = around?.getParent();
  return user !== undefined && isCall(user) && user.getArguments().some((argument) => argument === around);
}

function isInLoop(node: Node): boolean {
  for (let n = node.getParent(); n; n = n.getParent()) {
    if (Node.isIterationStatement(n)) return true;
    if (isFunction(n)) return false;
  }
  return false;
}
