/** A headless Chromium with WebGPU on its software adapter. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { PATIENCE } from "../patience.ts";

const INSTALLED = "/usr/bin/chromium";

/**
 * The address bar's suggestions are pages of their own, two for each window, which took two seconds of CPU a context.
 * The last list of this kind counts, so those of Playwright's that matter here are named again.
 */
const WITHOUT = [
  ...["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"],
  ...[
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "LensOverlay",
  ],
  ...["HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"],
  ...["OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"],
];

const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  `--disable-features=${WITHOUT.join(",")}`,
  // Pages are drawn on the CPU in any case: not by way of a GPU that it plays.
  "--disable-gpu-compositing",
  "--disable-gpu-rasterization",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where there is a Chromium: `WEFT_CHROMIUM`, the system's, or npm's; the last needs libnss3 and libexpat1. */
async function executable(): Promise<string> {
  const named = process.env["WEFT_CHROMIUM"];
  if (named) return named;
  if (existsSync(INSTALLED)) return INSTALLED;
  const { default: packed } = await import("@sparticuz/chromium");
  return packed.executablePath();
}

export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: await executable(),
    args: ["--headless=new", ...FLAGS],
    timeout: PATIENCE,
    // Tests of the command emit signals: these are the command's, and the browser stays.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  browser.on("context", (context) => {
    context.setDefaultTimeout(PATIENCE);
  });
  return browser;
}

let shared: Promise<Browser> | undefined;

/** The browser of all tests of a process, with which it ends. */
export async function sharedBrowser(): Promise<Browser> {
  shared ??= openBrowser();
  const browser = await shared;
  if (browser.isConnected()) return browser;
  shared = undefined; // it has crashed, in another file's test
  return sharedBrowser();
}

/** Closes what the tests of a file have opened in it. */
export async function closePages(): Promise<void> {
  for (const context of (await shared)?.contexts() ?? []) await context.close();
}

/** What a page has complained about: console errors and warnings, exceptions, requests that failed. */
export function complaints(page: Page): readonly string[] {
  const list: string[] = [];
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning") list.push(`${m.type()}: ${m.text()}`);
  });
  page.on("pageerror", (e) => list.push(`exception: ${e.message}`));
  page.on("requestfailed", (r) => list.push(`failed: ${r.url()}`));
  page.on("response", (r) => {
    if (r.status() >= 400) list.push(`${r.status()}: ${r.url()}`);
  });
  return list;
}

/** Resolves when transitions and animations that end have ended. */
export const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((a) => a.finished));
  });

/** Lets the page's event loop turn so many times: what goes on by itself does. */
export const turns = (page: Page, count = 50): Promise<void> =>
  page.evaluate(async (count) => {
    for (let i = 0; i < count; i++) await new Promise((next) => setTimeout(next));
  }, count);

/** How often the page sends work to the GPU while its event loop turns so many times. */
export const submits = (page: Page, turns = 50): Promise<number> =>
  page.evaluate(async (turns) => {
    const { prototype } = GPUQueue;
    const { submit } = prototype;
    let count = 0;
    prototype.submit = function (...args) {
      count++;
      return submit.apply(this, args);
    };
    for (let i = 0; i < turns; i++) await new Promise((next) => setTimeout(next));
    prototype.submit = submit;
    return count;
  }, turns);

/**
 * Clicks as soon as a text matches, from within the page: what is seen from here may be over by then. To be called
 * before what makes the text appear.
 */
export const clickWhen = (page: Page, button: string, where: string, pattern: RegExp): Promise<void> =>
  page.evaluate(
    ({ button, where, pattern }) =>
      new Promise<void>((done) => {
        const observer = new MutationObserver(() => {
          if (!pattern.test(document.querySelector(where)?.textContent ?? "")) return;
          observer.disconnect();
          document.querySelector<HTMLElement>(button)?.click();
          done();
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      }),
    { button, where, pattern },
  );
