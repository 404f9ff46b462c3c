/** What the page and its two workers say to each other. Structured clones only. */
import type { Compilation, TargetName } from "../../compiler/compile.ts";
import type { EarlyUse } from "../../compiler/frontend/early.ts";
import type { Frame } from "../../compiler/frontend/frames.ts";
import type { Site } from "../../compiler/frontend/site.ts";
import type { Weights } from "../../contract/weights.ts";
import type { Packed } from "./transfer.ts";
import type { ModelView } from "./view.ts";

/** A file of the project as JavaScript. */
export interface Module {
  readonly path: string;
  readonly code: string;
  /** The source map, as JSON text. */
  readonly map: string;
  readonly source: string;
  /** What stands in `code` in place of each import, by offsets, in their order. */
  readonly imports: readonly Import[];
}
export interface Import {
  readonly from: number;
  readonly to: number;
  /** The path of a module that comes before this one, or "weftgpu". */
  readonly target: string;
}

/** An offset range in a file, with a message. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly severity: "error" | "warning";
  readonly message: string;
}
export interface Hover {
  readonly from: number;
  readonly to: number;
  /** The type, as TypeScript shows it. */
  readonly signature: string;
  readonly text: string;
}
export interface Suggestion {
  readonly label: string;
  readonly kind: string;
}
export interface Suggestions {
  /** Where the word that is completed begins. */
  readonly from: number;
  readonly options: readonly Suggestion[];
}

/** TypeScript: types, and where names stand in the files. */
export type LanguageCalls = {
  /** All files anew. `types` are weftgpu's declarations, by path. */
  readonly open: (files: Readonly<Record<string, string>>, types: Readonly<Record<string, string>>) => void;
  readonly update: (path: string, text: string) => void;
  readonly marks: (path: string) => readonly Mark[];
  readonly hover: (path: string, at: number) => Hover | null;
  readonly complete: (path: string, at: number) => Suggestions | null;
  /** More about a suggestion. */
  readonly explain: (path: string, at: number, label: string) => Hover | null;
  /** The file and all that it imports, imports first. Throws `UserError`. */
  readonly modules: (entry: string) => readonly Module[];
  readonly places: (frames: readonly Frame[], early: Frame | null) => Places;
};

/** What stands at frames: a `Site` for each, and a variable that is used too early. */
export interface Places {
  readonly sites: readonly (Site | null)[];
  readonly early: EarlyUse | null;
}

export interface Evaluated {
  /** The frames whose places are asked for. */
  readonly frames: readonly Frame[];
  /** Where the file threw. */
  readonly early: Frame | null;
}

export interface Built {
  readonly compilation: Packed<Compilation>;
  readonly view: ModelView;
}

/** The user's code and the compiler. */
export type ModelCalls = {
  /** Runs a model file; what it throws is kept for `compile`, which says where. */
  readonly evaluate: (modules: readonly Module[]) => Promise<Evaluated>;
  /** Throws `UserError` with what is wrong with the model. */
  readonly compile: (entry: string, places: Places, target: TargetName) => Built;
};

/** What an ONNX file asks for before it is imported. */
export interface AboutOnnx {
  /** Sizes that it leaves open, the batch aside. */
  readonly open: readonly string[];
  /** The files beside it that hold its weights. */
  readonly files: readonly string[];
}

export interface ImportedOnnx {
  /** The text of a model file. */
  readonly source: string;
  readonly weights: Weights;
  readonly layers: number;
  readonly parameters: number;
}

/** ONNX files. */
export type OnnxCalls = {
  readonly about: (bytes: Uint8Array) => AboutOnnx;
  /** Throws `UserError` with all that cannot be imported. */
  readonly load: (
    name: string,
    bytes: Uint8Array,
    dims: Readonly<Record<string, number>>,
    files: Readonly<Record<string, Uint8Array>>,
  ) => ImportedOnnx;
};
