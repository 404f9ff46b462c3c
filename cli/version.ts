/** The package's version, read from the package.json next to dist/ or to the sources. */
import { readFileSync } from "node:fs";

export const packageUrl = new URL("../package.json", import.meta.url);

export function version(): string {
  const text = readFileSync(packageUrl, "utf8");
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === "object" && parsed !== null && "version" in parsed
    ? String(parsed.version)
    : "unknown";
}
