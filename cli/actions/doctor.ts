/** What `weft doctor` does. */
import { type AdapterChoice, type DoctorReport, doctor } from "../../runtime/node/index.ts";
import { type CommonOptions, printJson, uiOf } from "../common.ts";
import type { Ui } from "../ui.ts";
import { version } from "../version.ts";

export interface DoctorOptions extends CommonOptions {
  readonly adapter?: AdapterChoice;
}

/** Whether there is an adapter. */
export async function diagnose(options: DoctorOptions): Promise<boolean> {
  const ui = uiOf(options);
  const report = await doctor(options.adapter);
  if (options.format === "json")
    printJson(ui, { weft: version(), ...report, adapter: report.adapter ?? null });
  else ui.out(doctorText(report, options.verbose === true, ui));
  return report.adapter !== undefined;
}

/** The limits that decide what a model may need. */
const TELLING = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

function doctorText(
  { system, adapter, drivers, softwareProblem, advice }: DoctorReport,
  all: boolean,
  ui: Ui,
): string {
  const { bold, green, yellow, red } = ui.colors;
  const row = (name: string, value: string): string => `  ${name.padEnd(34)} ${value}`;
  const lines = [
    bold("system"),
    row("weft", version()),
    row("Node", `${system.node}, ${system.platform} ${system.arch}`),
    row("Dawn (npm webgpu)", system.webgpu ?? red("not installed")),
    row("Vulkan drivers", drivers.join(", ") || "none found"),
    row("software adapter of npm", softwareProblem ?? "can be used"),
    "",
    bold("adapter"),
  ];
  if (adapter) {
    lines.push(row("name", adapter.software ? yellow(adapter.name) : green(adapter.name)));
    if (adapter.description && adapter.description !== adapter.name)
      lines.push(row("driver", adapter.description));
    lines.push(
      row("vendor, architecture", [adapter.vendor, adapter.architecture].filter(Boolean).join(", ") || "–"),
    );
    lines.push(row("computes on", adapter.software ? "the CPU" : "the GPU"));
    lines.push(
      row(
        "features",
        all ? adapter.features.join(", ") : `${adapter.features.length} (--verbose lists them)`,
      ),
    );
    lines.push("", bold("limits"));
    const limits = Object.entries(adapter.limits).filter(([name]) => all || TELLING.includes(name));
    for (const [name, value] of limits) lines.push(row(name, value.toLocaleString("en")));
  } else lines.push(row("name", red("none")));
  if (advice.length > 0) lines.push("", bold("what to do"), ...advice.map((line) => `  ${line}`));
  return lines.join("\n");
}
