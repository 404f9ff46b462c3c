/** The names of a classifier's classes: a known set, a list, or a file with one name per line. */
import { existsSync } from "node:fs";
import { UserError } from "../../compiler/errors.ts";
import { KNOWN } from "../../data/knownClasses.ts";
import { readBytes, shownPath } from "../files.ts";
import { harmless } from "../ui.ts";

/** @throws UserError where the text is neither a known set, a list with commas, nor a readable file */
export async function readClasses(text: string): Promise<readonly string[]> {
  const known = Object.hasOwn(KNOWN, text) ? KNOWN[text] : undefined; // and no "constructor"
  if (known) return known;
  if (!existsSync(text) && text.includes(",")) return text.split(",").map((name) => name.trim());
  if (!existsSync(text))
    throw new UserError({
      problem: `--classes ${text}: no known set of classes and no file has that name`,
      rule: `the known sets are ${Object.keys(KNOWN).join(" and ")}`,
      fix: "give names separated by commas, or a file with one name per line",
    });
  const lines = new TextDecoder().decode(await readBytes(text, "the class names")).split(/\r?\n/);
  const names = lines.map((line) => harmless(line.trim())).filter((line) => line !== "");
  if (names.length === 0) throw new UserError({ problem: `${shownPath(text)} holds no class names` });
  return names;
}
