/** `weft completion`: the scripts at work in the shells that are installed; bash always is. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { PATIENCE } from "../patience.ts";
import { scratch, weft, works } from "./weft.ts";

type Shell = "bash" | "zsh" | "fish";
const installed = (shell: Shell): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

let folder = "";
const script = (shell: Shell): string => join(folder, `weft.${shell}`);
beforeAll(async () => {
  folder = scratch();
  for (const shell of ["bash", "zsh", "fish"] as const)
    writeFileSync(script(shell), (await works(["completion", shell])).stdout);
  mkdirSync(join(folder, "my models"));
  for (const name of ["a.ts", "b.mjs", "c.png", "my models/d.ts"]) writeFileSync(join(folder, name), "");
});

/** What bash would offer, as its own machinery calls the function. */
function bash(line: string): readonly string[] {
  // As readline splits it: `=` is a word of its own.
  const words = line.replaceAll("=", " = ").split(/ +(?=\S|$)/);
  const code = `source ${script("bash")}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weft; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = ["--norc", "-c", code, "bash", ...words];
  return execFileSync("bash", run, { cwd: folder, encoding: "utf8" }).split("\n").filter(Boolean).sort();
}

function fish(line: string): readonly string[] {
  const code = `source ${script("fish")}; complete -C ${JSON.stringify(line)}`;
  const text = execFileSync("fish", ["--no-config", "-c", code], { cwd: folder, encoding: "utf8" });
  return text
    .split("\n")
    .map((row) => row.split("\t")[0] ?? "")
    .filter(Boolean)
    .sort();
}

/** What zsh would offer: at a prompt of its own, with `compadd` writing down what it is given. */
function zsh(line: string): readonly string[] {
  const out = join(folder, "offered");
  const inner = [
    "PS1=; autoload -Uz compinit && compinit -D -u",
    `source ${script("zsh")}; bindkey '^I' complete-word`,
    `compadd() { local -a __o; builtin compadd -O __o "$@"; print -rl -- $__o >> ${out}; builtin compadd "$@" }`,
    `done_() { print END >> ${out}; }; zle -N done_; bindkey '^X' done_; print READY`,
  ];
  writeFileSync(join(folder, "inner.zsh"), inner.join("\n"));
  writeFileSync(out, "");
  const code = `zmodload zsh/zpty; zpty -b z zsh -f -i; zpty -w z 'source inner.zsh'
    for i in {1..15000}; do zpty -r -t z row && [[ $row == *READY* ]] && break; sleep 0.02; done
    zpty -w -n z "$1"$'\\t\\x18'
    for i in {1..15000}; do grep -q END ${out} && break; sleep 0.02; done; zpty -d z`;
  execFileSync("zsh", ["-f", "-c", code, "zsh", line], { cwd: folder, stdio: "pipe", timeout: PATIENCE });
  const words = readFileSync(out, "utf8").split("\n").filter(Boolean);
  return [...new Set(words.filter((word) => word !== "END"))].sort();
}

const cases: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["weft sha", ["shapes"]],
  ["weft co", ["compile", "completion"]],
  ["weft compile --wa", ["--watch"]],
  ["weft compile a.ts --show ", ["graph", "kernels", "plan", "regions", "schedule", "wasm", "wgsl"]],
  ["weft compile a.ts -s w", ["wasm", "wgsl"]],
  ["weft doctor --adapter s", ["software"]],
  ["weft data ", ["fashion-mnist", "mnist"]],
  ["weft help prof", ["profile"]],
  ["weft shapes a.ts --batch ", []],
];

describe.each([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
] as const)("%s", (shell, offered) => {
  if (!installed(shell)) console.log(`skipped: ${shell} is not installed`);
  // A zsh with a terminal of its own takes a second or two for each.
  const tried = shell === "zsh" ? cases.slice(2, 5) : cases;
  test.skipIf(!installed(shell)).each(tried)("%s", (line, expected) => {
    expect(offered(line)).toEqual(expected);
  });

  test.skipIf(!installed(shell))("model files and folders, no other file", () => {
    const found = offered("weft shapes ").map((name) => name.replace(/\/$/, "").replace("\\ ", " "));
    expect(found).toEqual(["a.ts", "b.mjs", "my models"]);
  });
});

test("bash: a value after =, several files after one flag, and files of any kind", () => {
  expect(bash("weft compile a.ts --show=re")).toEqual(["regions"]);
  expect(bash("weft run a.ts -i c.png c")).toEqual(["c.png"]);
  expect(bash("weft run a.ts --weights c")).toEqual(["c.png"]);
  expect(bash("weft --ver")).toEqual(["--version"]);
  expect(bash("weft compile a.ts --out my")).toEqual(["my models"]);
});

test("every command and every flag of the help is in each script", async () => {
  const commands = [...(await weft(["--help"])).stdout.matchAll(/^ {2}([a-z]+) (?:\[|<)/gm)].map(
    ([, c]) => c,
  );
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) {
    const { stdout } = await weft([command ?? "", "--help"]);
    const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag ?? "");
    for (const shell of ["bash", "zsh", "fish"] as const) {
      const text = readFileSync(script(shell), "utf8");
      for (const flag of flags) expect(text).toContain(shell === "fish" ? ` -l ${flag.slice(2)} ` : flag);
    }
  }
});
