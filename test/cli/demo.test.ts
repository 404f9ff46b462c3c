/** `npm start`, as a stranger's first command: it ends well, and says that both kinds of kernels agree. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { root } from "./weft.ts";

test("npm start names all eight pictures, in WGSL and in WebAssembly, and says that both agree", () => {
  if (inject("buildError")) throw new Error(inject("buildError"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/demo.mjs")], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", WEFT_ADAPTER: process.env["WEFT_ADAPTER"] || "software" },
  });
  expect(stderr).not.toContain("error:");
  expect(status).toBe(0);
  // The class that each picture's first line has: under its file's name.
  const first = [...stdout.matchAll(/models\/samples\/(\S+)\.png\n(?:.*\n)?.*?([A-Z][\w/ -]*?) +█/g)];
  expect(first.map(([, file, label]) => [file, label])).toEqual([
    ["bag", "Bag"],
    ["boot", "Ankle boot"],
    ["dress", "Dress"],
    ["pullover", "Pullover"],
    ["sandal", "Sandal"],
    ["sneaker", "Sneaker"],
    ["t-shirt", "T-shirt/top"],
    ["trouser", "Trouser"],
  ]);
  expect(stdout).toMatch(/8 examples in [\d.]+ ms on \S/);
  const took = "first scores after +\\d+ ms, then +[\\d.]+ ms a run, on";
  expect(stdout).toMatch(new RegExp(`^ {2}WGSL +${took} (?!WebAssembly)\\S`, "m"));
  expect(stdout).toMatch(new RegExp(`^ {2}WebAssembly +${took} WebAssembly, \\d+ threads?$`, "m"));
  expect(stdout).toMatch(/^ {2}80 scores of up to [\d.]+: they agree, and differ by \de-\d at most$/m);
});
