/** Puts the tables of docs/bench/*.json into docs/performance.md, between their marks. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { markdown, type Run } from "./report.ts";

const MARKED = /(<!-- bench (\S+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** `root`: the checkout. */
export function writeDocs(root: string): void {
  const page = `${root}/docs/performance.md`;
  const text = readFileSync(page, "utf8").replace(
    MARKED,
    (whole, open: string, name: string, close: string) => {
      const file = `${root}/docs/bench/${name}.json`;
      if (!existsSync(file)) return whole;
      const run: Run = JSON.parse(readFileSync(file, "utf8"));
      return `${open}\n${markdown(run)}\n\n${close}`;
    },
  );
  writeFileSync(page, text);
}
