/** Call stacks of a running model file, taken back to the lines of its sources. */
import { resolve } from "node:path";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { Bundle } from "./bundle.ts";
import type { Frame, StackReader } from "./frames.ts";

/** A place in a source as the map has it: columns count from 0. */
interface SourceMapPlace {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/** `scripts` are the names under which the bundle runs: each ends a file name in a stack. */
export function stackReader(bundle: Bundle, scripts: readonly string[]): StackReader {
  const map = new TraceMap(bundle.map);
  const pattern = new RegExp(`(?:${scripts.map((s) => s.replace(/[.+]/g, "\\$&")).join("|")}):(\\d+):(\\d+)`);
  const sources = new Map<string, string>();
  map.sources.forEach((source, i) => {
    const text = map.sourcesContent?.[i];
    if (source && text !== undefined && text !== null && isUsers(source))
      sources.set(resolve(bundle.folder, source), text);
  });
  const places = (stack: string): readonly SourceMapPlace[] =>
    stack.split("\n").flatMap((row) => {
      const match = pattern.exec(row);
      if (!match) return [];
      const found = originalPositionFor(map, { line: Number(match[1]), column: Number(match[2]) - 1 });
      return found.source === null ? [] : [{ source: found.source, line: found.line, column: found.column }];
    });
  const frames = (stack: string): readonly Frame[] =>
    places(stack)
      .filter((p) => isUsers(p.source))
      .map((p) => ({ file: resolve(bundle.folder, p.source), line: p.line, column: p.column + 1 }));
  const inPackage = (stack: string): boolean => {
    const innermost = places(stack)[0];
    return innermost !== undefined && !isUsers(innermost.source);
  };
  return { frames, inPackage, sources };
}

function isUsers(source: string): boolean {
  return !source.startsWith("weft:") && !source.split(/[\\/]/).includes("node_modules");
}
