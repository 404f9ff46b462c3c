/**
 * Runtimes in pages of a headless Chromium, asked for rounds in turn. Each has a browser of its own: pages share its
 * GPU process, and one that hangs takes the others' devices with it.
 */
import { basename } from "node:path";
import { openBrowser } from "../test/pages/chromium.ts";
import { ISOLATED, serve } from "../test/pages/server.ts";
import type { Bundle } from "./bundles.ts";
import type { Racer } from "./children.ts";
import type {} from "./peers/host-page.ts"; // what it adds to Window
import type { Answer, Ready } from "./peers/task.ts";

export interface Chromium {
  /** What the pages compute on, and the browser's version. */
  readonly adapter: string;
  /** Throws with the reason where the runtime fails, or takes longer than `limitMs`. */
  start(bundle: Bundle, folder: string, limitMs: number): Promise<Racer>;
  close(): Promise<void>;
}

/** `bench`: the benchmark's folder. */
export async function openChromium(bench: string): Promise<Chromium> {
  const cache = `${bench}/node_modules/.cache`;
  const site = await serve(
    {
      "/": { html: "<!doctype html><title>bench</title>" },
      "/bundles": cache,
      "/rows": `${cache}/rows`,
      "/packages": `${bench}/node_modules`,
    },
    ISOLATED,
  );
  const probing = await openBrowser();
  const probe = await probing.newPage();
  await probe.goto(`${site.origin}/`);
  const { vendor, architecture, description } = await probe.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    const { vendor = "", architecture = "", description = "" } = adapter?.info ?? {};
    return { vendor, architecture, description };
  });
  const version = probing.version();
  await probing.close();
  return {
    adapter: `${[vendor, architecture, description].filter(Boolean).join(" ")}, Chromium ${version}`,
    async start(bundle, folder, limitMs) {
      const browser = await openBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(`${site.origin}/`);
        await page.addScriptTag({ type: "module", url: `/bundles/${basename(bundle.file)}` });
        const begun = page.evaluate(
          async (address) => {
            while (!window.benchBegin) await new Promise((later) => setTimeout(later, 5));
            return window.benchBegin(address);
          },
          `/rows/${basename(folder)}`,
        );
        const { answer, coldMs } = await within(begun, limitMs);
        const ready = expected<Ready>(answer, "ready");
        return {
          ready: { ...ready, output: Float32Array.from(ready.output) },
          coldMs,
          async run(times, limit) {
            const ran = await within(
              page.evaluate((n) => window.benchRun(n), times),
              limit,
            );
            return expected<Extract<Answer, { kind: "ran" }>>(ran, "ran").ms;
          },
          end: () => browser.close(),
        };
      } catch (error) {
        await browser.close();
        throw error;
      }
    },
    close: () => site.close(),
  };
}

/** The answer if it is of that kind; `kind` is what `A` says. */
function expected<A extends Answer>(answer: Answer, kind: A["kind"]): A {
  if (answer.kind === "failed") throw new Error(answer.why);
  if (answer.kind !== kind) throw new Error("it answered out of turn");
  return answer as A; // its kind was compared
}

function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`> ${Math.round(limitMs / 1000)} s`)), limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
