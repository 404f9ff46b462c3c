/** The built `weft` as a process: exit codes, streams, working directory. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reportFailure } from "../../cli/failure.ts";
import { wantsColor } from "../../cli/ui.ts";
import { InternalError } from "../../compiler/errors.ts";
import { fails, type Options, root, scratch, weft, weftProcess, works } from "./weft.ts";

const within = (options: Options) => (args: readonly string[]) => weftProcess(args, options);
const bag = join(root, "models/samples/bag.png");
const lenet = join(root, "models/lenet.ts");

test("classifies a picture from any directory", async () => {
  const weights = join(root, "models/lenet.fashion-mnist.safetensors");
  const args = ["run", lenet, "-w", weights, "-c", "fashion-mnist", "-i", bag];
  const { stdout } = await works(args, within({ cwd: scratch() }));
  expect(stdout).toMatch(/Bag +█+/);
});

test("compiles into a folder", async () => {
  const cwd = scratch();
  await works(["compile", lenet, "--out", "out"], within({ cwd }));
  expect(readdirSync(join(cwd, "out"))).toContain("lenet.bundle.js");
});

test("a user's mistake ends with code 1, one message and no stack trace", async () => {
  expect(await fails(["shapes", "none.ts"], within({}))).toContain("no such file: none.ts");
  expect(await fails(["shapes"], within({}))).toContain("missing required argument");
});

test("a pipe that closes early is no failure", () => {
  const command =
    "set -o pipefail; node dist/cli.js compile models/lenet.ts --show wgsl | head -1 >/dev/null";
  const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: root, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

describe("a bug of Weft's own", () => {
  test("says so, with code 70", async () => {
    const printed: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text) => printed.push(String(text)) > 0;
    try {
      expect(reportFailure(new InternalError("missing kernel"))).toBe(70);
      expect(reportFailure(new TypeError("x is not a function"))).toBe(70);
    } finally {
      process.stderr.write = write;
    }
    expect(printed.join("").match(/This is a bug in Weft/g)).toHaveLength(2);
    expect(printed.join("")).toContain("missing kernel");
  });
});

describe("colour", () => {
  const terminal = { isTTY: true };
  test("on a terminal alone, and never under NO_COLOR", () => {
    expect(wantsColor(terminal, {})).toBe(true);
    expect(wantsColor(terminal, { NO_COLOR: "1" })).toBe(false);
    expect(wantsColor(terminal, { NO_COLOR: "" })).toBe(true);
    expect(wantsColor(terminal, { TERM: "dumb" })).toBe(false);
    expect(wantsColor({}, {})).toBe(false);
    expect(wantsColor({}, { FORCE_COLOR: "1" })).toBe(true);
    expect(wantsColor({}, { FORCE_COLOR: "" })).toBe(false);
    expect(wantsColor(terminal, { FORCE_COLOR: "0" })).toBe(false);
    expect(wantsColor({}, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
  });

  test("in a pipe: none, and no control character, unless it is asked for", async () => {
    const env = { FORCE_COLOR: undefined, NO_COLOR: undefined };
    const args = ["shapes", "none.ts"]; // an error is red
    const piped = await weftProcess(args, { env });
    const forced = await weftProcess(args, { env: { ...env, FORCE_COLOR: "1" } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are looked for.
    const control = /[\u001b\r]/;
    expect(piped.stderr).not.toMatch(control);
    expect(forced.stderr).toMatch(control);
    const { stderr } = await weftProcess(args, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } });
    expect(stderr).toContain(piped.stderr); // Node remarks on the two variables
  });
});

describe("every command", () => {
  const commands = async (): Promise<readonly string[]> =>
    [...(await weft(["--help"])).stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(([, name]) => name ?? "");

  test("has --quiet, --verbose, --format json and examples, save the one that prints a script", async () => {
    const names = await commands();
    expect(names).toContain("compile");
    for (const name of names.filter((n) => n !== "completion" && n !== "help")) {
      const { stdout } = await works([name, "--help"]);
      for (const part of ["-q, --quiet", "-v, --verbose", "--format <format>", "Examples:"])
        expect(stdout, name).toContain(part);
    }
  });

  test("runs in WebAssembly where that is asked for, whatever drivers there are", async () => {
    const { code, stderr } = await weftProcess(["run", lenet, "--input", bag, "--device", "wasm"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^no --weights: .*\ndevice: WebAssembly, \d+ threads?\n$/);
  });

  test("says nothing on stderr with --quiet, and more with --verbose", async () => {
    const run = ["run", lenet, "--input", bag];
    expect((await works([...run, "--quiet"])).stderr).toBe("");
    const { stderr } = await works([...run, "--device", "software", "--verbose"]);
    expect(stderr).toContain("no --weights: the parameters are random");
    expect(stderr).toContain("adapter: ");
    expect((await works(["compile", lenet, "--quiet"])).stderr).toBe("");
  });
});
