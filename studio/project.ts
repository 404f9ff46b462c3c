/** Reads `project.json`, which lies beside the page: what to show. */

export interface Sample {
  readonly name: string;
  /** The address of a PNG. */
  readonly url: string;
}

/** What the page was opened with: `project.json` beside it. */
export interface Project {
  /** The model file's path; a key of `files`. */
  readonly model: string;
  /** The texts of the model file and of all that it imports, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** The address of a safetensors file with the model's trained weights. */
  readonly weights: string | null;
  readonly samples: readonly Sample[];
  /** Whether there is a server that can save the model file and tells of changes on disk. */
  readonly live: boolean;
  /** Data sets that the server has, or downloads; none where there is no server. */
  readonly sets?: readonly ServedSet[];
}

/** As `cli/studio/sets.ts` has it. */
export interface ServedSet {
  readonly name: string;
  readonly here: boolean;
  readonly bytes: number;
}

/** Throws where it is missing or no such thing. */
export async function readProject(): Promise<Project> {
  const response = await fetch("project.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`project.json: the server answers ${response.status}`);
  const project: Project = await response.json(); // written by our own build or server
  if (typeof project.files?.[project.model] !== "string")
    throw new Error("project.json does not hold the text of its model file");
  return project;
}
