/** Places in a model's sources, as call stacks give them. Pure, so that a page can use it. */
import type { Location } from "../../contract/diagnosis.ts";

/** One call in a source file of the user's, innermost first in a stack. */
export interface Frame {
  /** The absolute path of the source. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface StackReader {
  /** The frames of a raw stack that lie in the model's own sources, innermost first; packages are left out. */
  frames(stack: string): readonly Frame[];
  /** Whether the innermost call is a package's, on behalf of the user's frames. */
  inPackage(stack: string): boolean;
  /** The text of every source, by absolute path. */
  readonly sources: ReadonlyMap<string, string>;
}

export function location(frame: Frame, show: (file: string) => string): Location {
  return { file: show(frame.file), line: frame.line, column: frame.column };
}
