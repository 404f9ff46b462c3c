/** What `weft data` does. */
import { join } from "node:path";
import { plural, UserError } from "../../compiler/errors.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import { download } from "../data/download.ts";
import { cachedFolder, isPublished } from "../data/published.ts";
import { shownPath } from "../files.ts";
import { type Bar, startBar } from "../progress.ts";

export interface DataCommandOptions extends CommonOptions {
  readonly dataDir?: string;
  readonly from?: string;
}

export async function fetchData(set: string, options: DataCommandOptions): Promise<void> {
  const ui = uiOf(options);
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
