/** `weft doctor`: which adapter a run gets, what it can do, and what to do where there is none. */
import { type AdapterChoice, type DoctorReport, doctor as diagnose } from "../../runtime/node/index.ts";
import { EXIT_USER } from "../failure.ts";
import { adapterOption } from "../flags.ts";
import { printJson, type Ui } from "../ui.ts";
import { examples, type OutputOptions, verb } from "../verb.ts";
import { version } from "../version.ts";

interface Options extends OutputOptions {
  readonly adapter?: AdapterChoice;
}

export const doctor = verb({
  options: (command) => command.addOption(adapterOption()),
  help: examples([
    ["weft doctor", "the adapter, the limits that matter, and advice"],
    ["weft doctor --verbose", "every feature and every limit"],
    ["weft doctor --adapter software --format json", "the software adapter, for a script"],
  ]),
  async run(_: undefined, { adapter, format, verbose = false }: Options, { ui }) {
    const report = await diagnose(adapter);
    if (format === "json") printJson(ui, { weft: version(), ...report, adapter: report.adapter ?? null });
    else ui.out(doctorText(report, verbose, ui));
    // A finding, not a crash. Where no adapter was asked for by name, it is none that WebAssembly does the work.
    const works = report.adapter !== undefined || (adapter === undefined && !report.wasmProblem);
    return works ? 0 : EXIT_USER;
  },
});

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
  { system, adapter, drivers, softwareProblem, wasmProblem, advice }: DoctorReport,
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
    row("WebAssembly", wasmProblem ? red(wasmProblem) : "can be used"),
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
  } else if (wasmProblem) lines.push(row("name", red("none")));
  else lines.push(row("name", yellow("none: models run and train in WebAssembly")));
  if (advice.length > 0) lines.push("", bold("what to do"), ...advice.map((line) => `  ${line}`));
  return lines.join("\n");
}
