/**
 * A project of `weft init` with the versions that npm finds now, not with this clone's: Weft from its tarball, and linked
 * from this clone. Without npm's registry nothing can be said.
 */
import { execFile } from "node:child_process";
import { expect, inject, test } from "vitest";
import { freshTypes } from "../../scripts/build-types.mjs";
import { root } from "./weft.ts";

const UNREACHABLE = 75;

interface Ended {
  readonly code: number;
  readonly text: string;
}

const tryPackage = (...ways: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const { VITEST: _, CI: __, ...env } = process.env;
    const options = { cwd: root, env: { ...env, WEFT_BUILT: "1" }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, ["scripts/try-package.mjs", ...ways], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, text: `${stdout}${stderr}` });
    });
  });

test("a new project builds, and its tests pass, from the tarball and linked", async () => {
  if (inject("buildError")) throw new Error(inject("buildError"));
  freshTypes();
  const { code, text } = await tryPackage("tarball", "link");
  if (code === UNREACHABLE) {
    console.log("not tried: npm's registry is out of reach");
    return;
  }
  for (const note of text.match(/^note: .*$/gm) ?? []) console.log(note);
  expect(code, text.slice(-4000)).toBe(0);
});
