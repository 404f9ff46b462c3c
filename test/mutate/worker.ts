/**
 * A process that holds one copy of the repository in Vitest: what did not change is transformed once, and only the
 * tests themselves have new processes. Told to by messages of its parent; see pool.ts.
 */
import { join } from "node:path";
import { createVitest } from "vitest/node";
import type { Guard } from "./mutation.ts";

/** What the parent asks: run a guard, where these files have changed since the last request. */
export interface Request {
  readonly guard: Guard;
  readonly changed: readonly string[];
}

/** What running a guard gave. */
export interface Outcome {
  readonly passed: number;
  /** The first test that failed and its message, or what kept the file from being run. */
  readonly failure?: string;
}

const [folder = ""] = process.argv.slice(2);
process.chdir(folder);
const vitest = await createVitest("test", {
  root: folder,
  config: join(folder, "test/mutate/vitest.config.ts"),
  watch: false,
  reporters: [{}],
});
// A driver's or a test's chatter is nobody's concern.
vitest.config.onConsoleLog = () => false;

async function outcomeOf({ guard, changed }: Request): Promise<Outcome> {
  for (const file of changed) vitest.invalidateFile(join(folder, file));
  const [project] = vitest.projects;
  if (!project) throw new Error("Vitest has no project");
  const { file, only } = guard;
  const specification = project.createSpecification(
    join(folder, file),
    only === undefined ? {} : { testNamePattern: new RegExp(only) },
  );
  // Vitest keeps what earlier runs gave, and gives it again.
  vitest.state.filesMap.clear();
  vitest.state.errorsSet.clear();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
  let passed = 0;
  let failure: string | undefined;
  for (const module of testModules) {
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result();
      if (state === "passed") passed++;
      if (state === "failed") failure ??= `${test.fullName}: ${firstLine(errors?.[0]?.message)}`;
    }
    for (const suite of [module, ...module.children.allSuites()])
      for (const error of suite.errors()) failure ??= `${file}: ${firstLine(error.message)}`;
  }
  for (const error of unhandledErrors) failure ??= `${file}: ${firstLine(String(error))}`;
  return { passed, ...(failure === undefined ? {} : { failure }) };
}

function firstLine(text = ""): string {
  return text.split("\n")[0]?.slice(0, 160) ?? "";
}

process.on("message", (request: Request) => {
  outcomeOf(request).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => process.send?.({ passed: 0, failure: `Vitest: ${String(error)}` } satisfies Outcome),
  );
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
// Alive until the parent lets go.
await new Promise(() => {});
