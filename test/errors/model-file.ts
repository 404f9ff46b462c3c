/** Writes a model file into a folder of its own, loads it and returns the message of the error. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { UserError } from "../../compiler/errors.ts";
import { loadModel } from "../../compiler/frontend/index.ts";

export type Files = Readonly<Record<string, string>>;

/** The message that loading `model.ts` of these files ends with. Fails where there is none, or another kind of error. */
export async function messageFrom(files: string | Files, path = "model.ts"): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), "weft-errors-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const all = typeof files === "string" ? { "model.ts": files } : files;
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  try {
    await loadModel(path, { cwd });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (/\n\s+at /.test(error.message)) throw new Error(`a stack trace in:\n${error.message}`);
    return error.message;
  }
  throw new Error("the model loads without an error");
}

/** A model file with `body` between an image of 28 × 28 and the default export of `y`. */
export function withBody(body: string, shape = "[N, 1, 28, 28]"): string {
  return `import * as nn from "weftgpu";
import { N, add, conv2d, input, linear, model, param } from "weftgpu";
const image = input("image", ${shape});
${body}
export default model("m", { image }, { y });
`;
}
