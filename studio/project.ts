/** Reads `project.json`, which lies beside the page: what to show. */
import type { Project } from "./tab.ts";

/** Throws where it is missing or no such thing. */
export async function readProject(): Promise<Project> {
  const response = await fetch("project.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`project.json: the server answers ${response.status}`);
  const project: Project = await response.json(); // written by our own build or server
  if (typeof project.files?.[project.model] !== "string")
    throw new Error("project.json does not hold the text of its model file");
  return project;
}
