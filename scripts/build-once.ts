/**
 * Vitest's global set-up: the command's tests run the built `weft` and open the built studio, so they are built from the present sources
 * first. A build that fails must not stop tests that need no build; those that do ask for `buildError`.
 */
import type { TestProject } from "vitest/node";
import { buildJavaScript } from "./build.mjs";
import { freshStudio } from "./build-studio.mjs";

declare module "vitest" {
  interface ProvidedContext {
    buildError: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  try {
    await buildJavaScript();
    await freshStudio(); // before the tests that open it, which run side by side
    project.provide("buildError", "");
  } catch (error) {
    project.provide("buildError", error instanceof Error ? error.message : String(error));
  }
}
