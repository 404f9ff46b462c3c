/** What `weft tune` found, as data and as a table. */
import { plural } from "../../compiler/errors.ts";
import { atText, type Column, layoutTable, plain } from "../../compiler/report/layout.ts";
import type { AdapterTuning } from "../../contract/tuning.ts";
import type { Size } from "../../contract/type.ts";
import type { Clock } from "../../runtime/node/index.ts";
import type { Whole } from "../tuning/job.ts";
import type { Found, Rejected } from "../tuning/search.ts";
import { axesText } from "../tuning/subjects.ts";
import type { Ui } from "../ui.ts";
import { three } from "./profile.ts";
import { wrapped } from "./wrap.ts";

export interface TunedRow {
  /** `conv1 → pool1`, for every dispatch that the kernel serves. */
  readonly layers: readonly string[];
  readonly kernel: string;
  /** Milliseconds of one dispatch. */
  readonly default: number;
  readonly tuned: number;
  /** default ÷ tuned; 1 where the compiler's own choice stays. */
  readonly ratio: number;
  /** Milliseconds. */
  readonly defaultBuild: number;
  readonly build: number;
  readonly tried: number;
  readonly schedule: string | null;
}

export interface TuneReport {
  readonly model: string;
  readonly batch: number;
  /** What was measured at besides: each at its most. Absent: the model has no sizes besides N. */
  readonly sizes?: readonly Size[];
  /** The optimiser of the training steps that were measured; null where runs were. */
  readonly training: AdapterTuning["training"] | null;
  readonly adapter: string;
  readonly clock: Clock["kind"];
  readonly kernels: readonly TunedRow[];
  /** How many kernels there are: more than were measured after an interruption. */
  readonly all: number;
  /** As often each kernel is expected to run for the one time it is built. */
  readonly runs: number;
  /** Milliseconds of a run in one submit, or of a training step; null after an interruption. */
  readonly whole: (Whole & { readonly ratio: number }) | null;
  readonly rejected: readonly Rejected[];
  /** Tuned kernels of the file that the model no longer has: they were taken out. */
  readonly dropped: readonly string[];
  readonly file: string;
}

export interface TuneFacts
  extends Pick<
    TuneReport,
    "model" | "batch" | "sizes" | "training" | "adapter" | "clock" | "all" | "runs" | "dropped" | "file"
  > {
  readonly found: readonly Found[];
  readonly whole: Whole | null;
}

export function tuneReport({ found, whole, ...facts }: TuneFacts): TuneReport {
  return {
    ...facts,
    kernels: found.map(({ subject, schedule, tried, ...times }) => ({
      layers: subject.layers,
      kernel: axesText(subject.step.kernel),
      default: times.default,
      tuned: times.tuned,
      ratio: schedule ? times.default / times.tuned : 1,
      defaultBuild: times.defaultBuild,
      build: times.build,
      tried,
      schedule: schedule ?? null,
    })),
    whole: whole && { ...whole, ratio: whole.default / whole.tuned },
    rejected: found.flatMap((f) => f.rejected),
  };
}

const columns: readonly Column[] = [
  { header: "layers", cut: "end", cutOrder: 0, keep: 12 },
  { header: "default ms", align: "right" },
  { header: "tuned ms", align: "right" },
  { header: "ratio", align: "right" },
  { header: "build ms", align: "right" },
  { header: "tried", align: "right" },
  { header: "schedule", cut: "end", cutOrder: 1, keep: 12, dim: true },
];

export function tuneText(report: TuneReport, ui: Ui): string {
  const { colors, width } = ui;
  const rows = report.kernels.map((k) => {
    const [first = "", ...more] = k.layers;
    return [
      plain(more.length > 0 ? `${first} and ${more.length} more` : first),
      three(k.default),
      k.schedule ? three(k.tuned) : "–",
      k.schedule ? `${k.ratio.toFixed(2)}×` : "–",
      k.schedule ? `${three(k.defaultBuild)} → ${three(k.build)}` : three(k.defaultBuild),
      `${k.tried}`,
      k.schedule ?? "as compiled",
    ];
  });
  const lines = layoutTable(columns, rows, { width, color: colors.isColorSupported });
  const clock = report.clock === "timestamp-query" ? "the adapter's own clock" : "the wall clock";
  const { whole, training, batch, runs, all } = report;
  const won = report.kernels.filter((k) => k.schedule).length;
  const what = training ? `training with ${training}, ` : "";
  const sum = `${won} of ${all} ${plural(all, "kernel")} tuned, in ${report.file}`;
  return [
    colors.bold(`${plain(report.model)}, ${what}${atText(batch, report)}, on ${report.adapter}`),
    "",
    ...lines,
    "",
    wrapped(
      `medians by ${clock}; building counts as spread over ${runs.toLocaleString("en-US")} ${plural(runs, "run")}; every schedule's numbers were compared with the default's`,
      width,
      "  ",
    ),
    wrapped(
      whole
        ? `${training ? "a training step" : "a whole run in one submit"}: ${three(whole.default)} → ${three(whole.tuned)} ms (${whole.ratio.toFixed(2)}×); ${sum}`
        : `interrupted after ${rows.length} of ${all} ${plural(all, "kernel")}: ${sum}`,
      width,
      "  ",
    ),
    ...(report.dropped.length > 0
      ? [wrapped(`no longer in the model, and taken out: ${plain(report.dropped.join(", "))}`, width, "  ")]
      : []),
  ].join("\n");
}
