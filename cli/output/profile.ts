/** A profile for people: a table and its remarks. */
import { plural } from "../../compiler/errors.ts";
import { atText, type Column, layoutTable, plain } from "../../compiler/report/layout.ts";
import type { KernelProfile, Profile } from "../profile/profile.ts";
import type { Ui } from "../ui.ts";
import { wrapped } from "./wrap.ts";

const columns: readonly Column[] = [
  { header: "layers", cut: "start", cutOrder: 0, keep: 12 },
  { header: "line", align: "right" },
  { header: "ms", align: "right" },
  { header: "±", align: "right" },
  { header: "share", align: "right" },
  { header: "GFLOP/s", align: "right" },
  { header: "peak", align: "right" },
  { header: "GB/s", align: "right" },
  { header: "peak", align: "right" },
  { header: "predicted", align: "right" },
];

/** Three digits: `0.0123`, `1.23`, `123`. */
export function three(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** `conv1 → pool1`: the first and the last layer. */
function layersText({ layers }: KernelProfile): string {
  const [first = "", last = first] = [layers[0], layers.at(-1)];
  return plain(first === last ? first : `${first} → ${last}`);
}

/** `7`: the file is the model's own where nothing else is said. */
function lineText({ at }: KernelProfile): string {
  return /:(\d+):\d+$/.exec(at ?? "")?.[1] ?? "–";
}

export function profileText(profile: Profile, ui: Ui): string {
  const { colors, width } = ui;
  const rows = profile.kernels.map((k) => [
    layersText(k),
    lineText(k),
    three(k.milliseconds),
    percent(k.spread / 2),
    percent(k.share),
    three(k.gflops),
    percent(k.ofFlops),
    three(k.gbytes),
    percent(k.ofBandwidth),
    `${three(k.predicted)} ${k.bound === "compute" ? "c" : "m"}`,
  ]);
  const { total, peak } = profile;
  const last = [
    "all kernels",
    "",
    three(total.milliseconds),
    "",
    "",
    three(total.gflops),
    percent(total.gflops / peak.gflops),
    three(total.gbytes),
    percent(total.gbytes / peak.gbytes),
    `${three(total.predicted)}  `,
  ];
  const lines = layoutTable(columns, [...rows, last], { width, color: colors.isColorSupported });
  const runs = `median of ${profile.runs} ${plural(profile.runs, "run")} after ${profile.warmup} for warm-up; ± is half the distance of the 10th and 90th percentiles`;
  const clock =
    profile.clock === "timestamp-query"
      ? "time by the adapter's own clock (timestamp-query)"
      : "time by the wall clock: repeated submits less an empty one";
  return [
    colors.bold(`${plain(profile.model)}, ${atText(profile.batch, profile)}, on ${profile.adapter}`),
    "",
    ...lines,
    "",
    `${clock}; ${runs}`,
    `peak: ${three(peak.gflops)} GFLOP/s of multiply-adds in registers, ${three(peak.gbytes)} GB/s of a copy, as measured now`,
    "predicted: ms if either peak were reached, c by computing, m by moving bytes (a roofline, not a simulation)",
    "operations are the model's, bytes count each tensor once: work done twice and cached reads do not count",
    `a whole run in one submit takes ${three(total.wholeRun)} ms ±${percent(total.wholeSpread / 2)}; building the pipelines took ${three(total.build)} ms`,
  ]
    .map((line, i) => (i < 2 + lines.length ? line : wrapped(line, width, "  ")))
    .join("\n");
}
