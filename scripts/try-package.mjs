// The way of a stranger, with npm itself and the newest versions that it finds: makes a project with `weft init`,
// installs, builds and tests it.  node scripts/try-package.mjs [tarball] [link]
// tarball: Weft as npm packs it, installed in an empty folder. link: a project beside this clone, which links it.
// What npm has fetched for one folder is handed on to the next, where npm adds what is missing and removes the rest.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The exit code where npm's registry is out of reach, and so nothing can be said. */
const UNREACHABLE = 75;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weft-package-"));
const shell = process.platform === "win32"; // npm is a script there
const install = ["install", "--no-audit", "--no-fund", "--loglevel=error"];

function run(cwd, command, ...args) {
  console.log(`\n$ ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit", shell });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const versionIn = (modules, name) => read(join(modules, "node_modules", name, "package.json")).version;

/** Makes a project and installs what it wants; gives its folder. */
const ways = {
  tarball() {
    run(root, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", folder);
    writeFileSync(join(folder, "package.json"), "{}\n");
    const { version } = read(join(root, "package.json"));
    installIn(folder, join(folder, `weftgpu-${version}.tgz`));
    run(folder, "npx", "weftgpu", "init", "packed");
    const project = join(folder, "packed");
    installIn(project);
    return project;
  },
  link() {
    const project = join(folder, "linked");
    mkdirSync(project);
    run(root, process.execPath, "dist/cli.js", "init", project);
    installIn(project, "--ignore-scripts"); // npm would build the clone once more
    return project;
  },
};

/** Where npm has installed last. */
let last;

function installIn(next, ...wanted) {
  if (last && last !== next) renameSync(join(last, "node_modules"), join(next, "node_modules"));
  last = next;
  run(next, "npm", ...install, ...wanted);
}

/** A project has to do without the browser in which Weft's own tests find a software adapter. */
function checkLean(project) {
  if (existsSync(join(project, "node_modules/@sparticuz")))
    throw new Error("@sparticuz/chromium was installed");
}

function check(project) {
  run(project, "npm", "run", "build");
  run(project, "npm", "test");
}

/** With the newest versions; where these fail and this clone's do not, the fault is none of Weft's, and is said. */
function checkNewest(project) {
  const names = ["esbuild", "typescript", "vite", "vitest"];
  const list = (modules) => names.map((name) => `${name}@${versionIn(modules, name)}`);
  console.log(`\nthe project has ${list(project).join(", ")}`);
  try {
    check(project);
  } catch (error) {
    console.log(`\n${error.message}; once more with the versions of this clone`);
    const newest = list(project);
    installIn(project, "--save-dev", "--save-exact", ...list(root));
    check(project);
    console.log(`\nnote: the project works with this clone's versions, and not with ${newest.join(", ")}`);
  }
}

try {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["tarball"];
  for (const way of wanted)
    if (!Object.hasOwn(ways, way)) throw new Error(`"${way}" is no way: tarball, link`);
  const reach = spawnSync("npm", ["view", "vitest", "version"], { cwd: folder, encoding: "utf8", shell });
  if (reach.status !== 0) {
    console.log("npm's registry is out of reach");
    process.exitCode = UNREACHABLE;
  } else {
    if (process.env.WEFT_BUILT !== "1") run(root, process.execPath, "scripts/build.mjs");
    for (const way of wanted) {
      const project = ways[way]();
      checkLean(project);
      checkNewest(project);
      console.log(`\nthe project works (${way})`);
    }
  }
} catch (error) {
  console.error(`\ntry-package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
