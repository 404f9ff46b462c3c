/** One drawn case: what Weft makes of it, beside onnxruntime. */
import { ImportError, type Imported, importOnnx } from "../../compiler/onnx/index.ts";
import { type Case, fileOf } from "./cases/draw.ts";
import { differenceFrom, runFile } from "./compare.ts";

export type Outcome =
  /** With the names of the language that the import calls. */
  | { readonly kind: "equal"; readonly uses: readonly string[] }
  /** Weft says why it cannot be imported. */
  | { readonly kind: "refused"; readonly reason: string }
  /** onnxruntime takes no such case. */
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "wrong"; readonly reason: string };

export async function tryCase(drawn: Case, seed: number): Promise<Outcome> {
  const { bytes, feeds } = fileOf(drawn, seed);
  const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  let theirs: Awaited<ReturnType<typeof runFile>>;
  try {
    theirs = await runFile(bytes, feeds);
  } catch (error) {
    return { kind: "invalid", reason: text(error) };
  }
  let imported: Imported;
  try {
    imported = importOnnx(bytes);
  } catch (error) {
    if (error instanceof ImportError)
      return { kind: "refused", reason: error.report.unsupported[0]?.reason ?? "" };
    return { kind: "wrong", reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  try {
    const reason = await differenceFrom(theirs, imported, feeds);
    return reason === undefined
      ? { kind: "equal", uses: usesOf(imported.source) }
      : { kind: "wrong", reason: `${reason}\n${imported.source}` };
  } catch (error) {
    return {
      kind: "wrong",
      reason: `${error instanceof Error ? error.stack : String(error)}\n${imported.source}`,
    };
  }
}

/** What a model file imports, but for what every one does. */
function usesOf(source: string): readonly string[] {
  const [, list = ""] = /^import \{([^}]*)\}/m.exec(source) ?? [];
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => !["", "input", "model", "N", "param", "constant"].includes(name));
}
