/** Golden files of baked kernels: `WEFT_UPDATE_GOLDEN=1` writes them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** Places of the model's source without their folder, so that it does not matter where the test runs. */
export function compareGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`golden/${name}`, import.meta.url));
  const wanted = text.replace(/(?<=, )\S*\/(?=\w+\.ts:)/g, "");
  if (process.env["WEFT_UPDATE_GOLDEN"]) {
    mkdirSync(fileURLToPath(new URL("golden", import.meta.url)), { recursive: true });
    writeFileSync(path, wanted);
  }
  expect(existsSync(path), `${path}: WEFT_UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(wanted).toBe(readFileSync(path, "utf8"));
}
