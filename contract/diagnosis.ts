/** What is said of a mistake, as data. The remarks of a training are such too. */

/** A place in a source file. Lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a message is made of; every part but `problem` may be absent. */
export interface Diagnosis {
  /** What was tried and why it failed, with the shapes involved: one sentence. */
  readonly problem: string;
  /** The rule that was broken, with its numbers. */
  readonly rule?: string;
  /** Something to try. */
  readonly fix?: string;
  /** The layer's name in the model. */
  readonly layer?: string;
  readonly at?: Location;
  /** The wrong value is undefined or a layer without its tensor, as a variable is before it is made. Not printed. */
  readonly early?: true;
}
