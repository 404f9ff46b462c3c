/** Messages say "1 class", not "1 classes": a count before a noun takes the noun from `plural`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plural } from "../../compiler/errors.ts";

/** What is counted in messages. */
const NOUNS =
  "classes|examples|layers|kernels|dispatches|steps|epochs|pictures|labels|files|inputs|outputs|tensors|parameters|" +
  "features|channels|groups|positions|warnings|numbers|elements|arguments|submits|statistics|copies|variants";
const CONSTANT = "[A-Z_]+"; // a limit
const COUNTED = new RegExp(`\\$\\{(?!${CONSTANT}\\})[^{}]*\\} (?:${NOUNS})\\b(?!/s)`);

/** Where there is never one: the count has been found to be more, or stands for several numbers. */
const NEVER_ONE: Readonly<Record<string, readonly string[]>> = {
  "cli/verbs/init.ts": ["{files.size} files in"], // the template's
  "cli/input/range.ts": ["{count} examples"],
  "compiler/options.ts": ["{most} arguments at most"],
  "compiler/ops/convolution.ts": ["{groups} groups"], // 1 divides everything
  "compiler/passes/bake.ts": ["{count} elements, more than"],
  "compiler/ops/gather.ts": ["{count} positions"], // more than some thousands
  "compiler/passes/multiOutput.ts": ["{buffers} tensors, more than"],
  "compiler/train/losses.ts": ["{outputs.length} outputs"], // of one it is clear which
  "compiler/passes/partition.ts": ["{reads.size} tensors, more than", "elements exceeds"],
  "compiler/passes/verify.ts": ["showCount(have)"], // a count with N in it
  "runtime/trainOptions.ts": ["{position.rows} examples"], // it has several steps
  "studio/tabs/train/text.ts": ["{parameters} parameters"], // a classifier's
  "studio/tabs/lecture/sections/lenet.ts": ["{counts} parameters"], // LeNet's
};

const files = ["cli", "compiler", "runtime", "data", "studio", "contract"].flatMap(
  (folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((name) => name.endsWith(".ts") && !name.startsWith("compiler/dsl/types")), // types cannot call it
);

test("one thing is one word, several are another", () => {
  expect([0, 1, 2].map((n) => plural(n, "kernel"))).toEqual(["kernels", "kernel", "kernels"]);
  expect([1, 2].map((n) => plural(n, "class", "classes"))).toEqual(["class", "classes"]);
});

test("no message counts with a fixed plural", () => {
  const found = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => COUNTED.test(line) && !/^\s*(?:\*|\/\/|\/\*\*)/.test(line))
      .filter((line) => !NEVER_ONE[file]?.some((text) => line.includes(text)))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test("each exception is still there", () => {
  for (const [file, texts] of Object.entries(NEVER_ONE))
    for (const text of texts) expect(readFileSync(file, "utf8"), file).toContain(text);
});
