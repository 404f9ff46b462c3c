/** The table of mutations fits the sources: whoever changes a line that is broken on purpose moves the entry along. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { describe, expect, test } from "vitest";
import { type Mutation, mutated } from "./mutation.ts";
import { mutations } from "./table/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe("the table of mutations", () => {
  test.each(mutations.map((m) => [`${m.file}: ${m.name}`, m] as const))("%s", (_, mutation) => {
    const text = mutated(mutation, read(mutation.file));
    expect(transformSync(text, { loader: "ts" }).warnings).toEqual([]);
    expect(mutation.guards.length).toBeGreaterThan(0);
    for (const { file, only } of mutation.guards) {
      expect(existsSync(join(root, file)), file).toBe(true);
      if (only !== undefined) new RegExp(only);
    }
    expect(mutation.why).not.toBe("");
  });

  test("has a name for each", () => {
    const names = mutations.map((m) => m.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe("a mutation", () => {
  const one: Mutation = { name: "n", file: "f", find: "a + b", put: "a - b", guards: [], why: "w" };
  test("is put in its place", () => {
    expect(mutated(one, "x = a + b;")).toBe("x = a - b;");
    expect(mutated({ ...one, put: "$&" }, "x = a + b;")).toBe("x = $&;");
  });
  test("whose text is not there once is refused with it", () => {
    const message = (count: number): string => `"n": in f its text occurs ${count} times, not once:\na + b`;
    expect(() => mutated(one, "x = a * b;")).toThrow(message(0));
    expect(() => mutated(one, "x = a + b + a + b;")).toThrow(message(2));
    expect(() => mutated({ ...one, put: one.find }, "a + b")).toThrow(message(1));
  });
});
