/** `npm start`, as a stranger's first command: it ends well, and says that both kinds of kernels agree. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { root } from "./weft.ts";

test("npm start shows LeNet's classes in WGSL and in WebAssembly, and that they agree", () => {
  if (inject("buildError")) throw new Error(inject("buildError"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts/demo.mjs")], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(stderr).not.toContain("error:");
  expect(status).toBe(0);
  expect(stdout).toMatch(/8 examples in [\d.]+ ms on \S/);
  const took = "first scores after +\\d+ ms, then +[\\d.]+ ms a run, on";
  expect(stdout).toMatch(new RegExp(`^ {2}WGSL +${took} (?!WebAssembly)\\S`, "m"));
  expect(stdout).toMatch(new RegExp(`^ {2}WebAssembly +${took} WebAssembly, \\d+ threads?$`, "m"));
  expect(stdout).toMatch(/^ {2}80 scores of up to [\d.]+: they agree, and differ by \de-\d at most$/m);
});
