/** `weft data`: downloads a published data set into the user's cache folder. */
import { join } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { download } from "../data/download.ts";
import { cachedFolder, isPublished } from "../data/published.ts";
import { shownPath } from "../files.ts";
import { type Bar, startBar } from "../progress.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";

interface Options extends OutputOptions {
  readonly dataDir?: string;
  readonly from?: string;
}

export const data = verb({
  options: (command) =>
    command
      .option("--data-dir <dir>", "put it into DIR/SET instead of the cache; WEFT_DATA sets it too")
      .option("--from <url>", "another address that has the same four files"),
  help: examples([
    ["weft data fashion-mnist", "30 MB; `weft train --data fashion-mnist` finds them"],
    ["weft data mnist --data-dir data", "into data/mnist; use --data-dir data later, or set WEFT_DATA"],
  ]),
  run: (set: string, options: Options, { ui }) => fetchData(set, options, ui),
});

async function fetchData(set: string, options: Options, ui: Ui): Promise<void> {
  if (!isPublished(set)) throw new UserError({ problem: `${set} is no published data set` });
  if (options.from !== undefined && !URL.canParse(options.from))
    throw new UserError({
      problem: `--from ${options.from} is no address`,
      rule: "e.g. https://example.org/mnist/",
    });
  const base = options.dataDir ?? process.env["WEFT_DATA"];
  const folder = base ? join(base, set) : cachedFolder(set);
  let bar: Bar | undefined;
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const files = await download(set, {
    folder,
    ...(options.from === undefined ? {} : { from: options.from }),
    progress: {
      start: ({ name, bytes }) => {
        ui.detail(`fetching ${name}, ${bytes} bytes`);
        const text = `{mb}/${megabytes(bytes)} MB  {eta_formatted}  ${name}`;
        bar = startBar({ total: bytes, text, quiet: options.quiet === true, about: { mb: "0.0" } });
      },
      advance: (bytes) => bar?.update(bytes, { mb: megabytes(bytes) }),
      stop: () => bar?.stop(),
    },
  });
  if (options.format === "json") {
    printJson(ui, { set, folder, files });
    return;
  }
  const fetched = files.filter(({ kept }) => !kept);
  const total = fetched.reduce((sum, { bytes }) => sum + bytes, 0);
  const what =
    fetched.length === 0
      ? "is complete already"
      : `${fetched.length} ${plural(fetched.length, "file")}, ${megabytes(total)} MB`;
  ui.out(`${set}: ${what}, MD5 right, in ${shownPath(folder)}`);
}
