/**
 * The package as npm packs it, in a folder of its own: unpacked, not linked. What it depends on is linked from this
 * repository, so that nothing is fetched; `node scripts/try-package.mjs` installs it with npm instead.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { freshTypes } from "../../scripts/build-types.mjs";
import { root, scratch } from "./weft.ts";

export interface Packed {
  /** An empty folder but for its node_modules. */
  readonly folder: string;
  /** The package's own folder. */
  readonly weftgpu: string;
  /** Runs a command in a folder with the installed commands on its path; what it prints on both streams. */
  run(cwd: string, command: string, ...args: readonly string[]): string;
  remove(): void;
}

export function unpack(): Packed {
  if (inject("buildError")) throw new Error(inject("buildError"));
  freshTypes();
  const folder = scratch();
  const modules = join(folder, "node_modules");
  const bin = join(modules, ".bin");
  mkdirSync(bin, { recursive: true });
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const tarball = execFileSync("npm", pack, { cwd: root, encoding: "utf8" }).trim();
  execFileSync("tar", ["-xzf", join(folder, tarball), "-C", modules]);
  rmSync(join(folder, tarball));
  const weftgpu = join(modules, "weftgpu");
  renameSync(join(modules, "package"), weftgpu);
  // What only Weft's own development has is left out where it could make a difference: a software adapter.
  for (const name of readdirSync(join(root, "node_modules")))
    if (!name.startsWith(".") && name !== "weftgpu" && name !== "@sparticuz")
      symlinkSync(join(root, "node_modules", name), join(modules, name));
  for (const name of ["tsc", "vitest", "esbuild", "vite"])
    symlinkSync(join(root, "node_modules/.bin", name), join(bin, name));
  chmodSync(join(weftgpu, "dist/cli.js"), 0o755);
  for (const name of ["weft", "weftgpu"]) symlinkSync("../weftgpu/dist/cli.js", join(bin, name));
  return {
    folder,
    weftgpu,
    run: (cwd, command, ...args) => {
      const { VITEST: _, ...env } = process.env;
      try {
        return execFileSync(command, args, {
          cwd,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
          env: { ...env, NO_COLOR: "1", PATH: `${bin}:${process.env["PATH"]}` },
        });
      } catch (error) {
        const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
        throw new Error(`${command} ${args.join(" ")} failed\n${stdout}${stderr}`);
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
